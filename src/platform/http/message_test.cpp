#include "platform/http/message.h"

#include <gtest/gtest.h>

#include "platform/http/route.h"
#include "platform/json/value.h"

namespace florin::http {
namespace {

constexpr ErrorCode insufficient_funds{ErrorKind::insufficient_funds, "insufficient_funds"};

Request with_query(std::vector<std::pair<std::string, std::string>> params) {
  Request request;
  request.query_params = std::move(params);
  return request;
}

const FieldError& only_field(const Error& error) {
  EXPECT_EQ(error.code, florin::errors::validation_failed);
  EXPECT_EQ(error.fields.size(), 1u);
  return error.fields.at(0);
}

TEST(Request, FindsHeadersInAnyCase) {
  Request request;
  request.headers = {{"idempotency-KEY", "k1"}, {"Idempotency-Key", "k2"}};
  EXPECT_EQ(request.header("Idempotency-Key"), "k1");
  EXPECT_EQ(request.idempotency_key(), "k1");
  EXPECT_EQ(request.header("Idempotency-Keys"), std::nullopt);
}

TEST(Problem, IsProblemJson) {
  const Response response = problem({insufficient_funds, "the account cannot cover this"}, "req_1");
  EXPECT_EQ(response.status, 402);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(
      response.body,
      R"({"type":"https://florin.dev/errors/insufficient_funds","title":"Insufficient funds",)"
      R"("status":402,"detail":"the account cannot cover this","code":"insufficient_funds",)"
      R"("request_id":"req_1"})");
  EXPECT_TRUE(response.headers.empty());
}

TEST(Problem, NamesEveryBadField) {
  const Response response =
      problem({florin::errors::validation_failed,
               "two fields",
               {{"/code", "too_long", "must be short"}, {"/a\"b", "unknown_field", "who?"}}},
              "r");
  const auto body = json::parse(response.body);
  ASSERT_TRUE(body);
  const json::Array& fields = *body->find("errors")->as_array();
  ASSERT_EQ(fields.size(), 2u);
  EXPECT_EQ(json::serialize(fields[0]),
            R"({"pointer":"/code","rule":"too_long","detail":"must be short"})");
  EXPECT_EQ(*fields[1].find("pointer")->as_string(), "/a\"b");
}

TEST(Problem, TellsWhenToRetry) {
  const Response response = problem({insufficient_funds, "wait", {}, 3}, "r");
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].name, "Retry-After");
  EXPECT_EQ(response.headers[0].value, "3");
  constexpr ErrorCode away{ErrorKind::unavailable, "away"};
  EXPECT_EQ(problem({away, "soon"}, "r").headers.at(0).value, "1");
  EXPECT_TRUE(problem({insufficient_funds, "never"}, "r").headers.empty());
}

TEST(Paging, DefaultsToTheNewestFifty) {
  const auto page = parse_page(with_query({}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->limit, 50);
  EXPECT_EQ(page->before, 0);
}

TEST(Paging, ReadsLimitAndItsOwnCursor) {
  const auto cursor = cursor_of(with_query({}), 123'456'789);
  const auto page = parse_page(with_query({{"limit", "200"}, {"cursor", cursor}}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->limit, 200);
  EXPECT_EQ(page->before, 123'456'789);
}

TEST(Paging, RefusesLimitsOutOfBounds) {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"0", "too_small"},         {"-1", "too_small"},          {"201", "too_large"},
      {"", "must_be_integer"},    {"5x", "must_be_integer"},    {" 5", "must_be_integer"},
      {"1.5", "must_be_integer"}, {"99999999999", "too_large"}, {"-99999999999", "too_small"}};
  for (const auto& [limit, rule] : bad) {
    const auto page = parse_page(with_query({{"limit", limit}}));
    ASSERT_FALSE(page) << limit;
    EXPECT_EQ(only_field(page.error()).rule, rule) << limit;
    EXPECT_EQ(only_field(page.error()).pointer, "#/query/limit");
  }
}

TEST(Paging, RefusesACursorThatIsNotOurs) {
  for (const auto* cursor : {"", "5", "acc_0000000000001", "cur_000000000000!", "cur_1"}) {
    const auto page = parse_page(with_query({{"cursor", cursor}}));
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(only_field(page.error()).rule, "malformed");
    EXPECT_EQ(only_field(page.error()).pointer, "#/query/cursor");
  }
}

TEST(Paging, ACursorIsGoodForItsListAndFiltersAlone) {
  Request list = with_query({{"type", "asset"}, {"limit", "2"}});
  list.path = "/v1/accounts";
  const std::string cursor = cursor_of(list, 7);
  const auto takes = [&](const Request& request) { return parse_page(request).has_value(); };
  list.query_params = {{"cursor", cursor}, {"limit", "5"}, {"type", "asset"}};
  EXPECT_TRUE(takes(list)) << "another limit and order of parameters";
  Request other = list;
  other.path = "/v1/transfers";
  EXPECT_FALSE(takes(other)) << "another list";
  other = list;
  other.query_params[2].second = "income";
  EXPECT_FALSE(takes(other)) << "another filter";
  other.query_params.pop_back();
  EXPECT_FALSE(takes(other)) << "without the filter";
}

TEST(Paging, ACursorIsGoodForParametersThatMeanTheSame) {
  const Query known{"limit",
                    "cursor",
                    {"order", "desc"},
                    {"min", QueryParam::Kind::integer},
                    {"from", QueryParam::Kind::time},
                    "reference"};
  const auto asks = [&](std::vector<std::pair<std::string, std::string>> params) {
    Request request = with_query(std::move(params));
    request.known_query = &known;
    return request;
  };
  const auto takes = [&](const Request& first, Request next) {
    next.query_params.emplace_back("cursor", cursor_of(first, 7));
    return parse_page(next).has_value();
  };
  EXPECT_TRUE(takes(asks({}), asks({{"order", "desc"}})));
  EXPECT_TRUE(takes(asks({{"order", "desc"}}), asks({})));
  EXPECT_FALSE(takes(asks({}), asks({{"order", "asc"}})));
  const Request march = asks({{"from", "2026-03-01T00:00:00Z"}, {"min", "5"}});
  EXPECT_TRUE(takes(march, asks({{"min", "05"}, {"from", "2026-03-01T01:00:00.000+01:00"}})));
  EXPECT_FALSE(takes(march, asks({{"min", "5"}, {"from", "2026-03-01T00:00:00.000001Z"}})));
  EXPECT_FALSE(takes(asks({{"reference", "5"}}), asks({{"reference", "05"}}))) << "a text";
}

TEST(Window, EndsAfterItBegins) {
  const std::string begin = "2026-11-01T00:00:00Z";
  const auto of = [&](const std::string& end) {
    return parse_window(with_query({{"since", begin}, {"until", end}}), "since", "until");
  };
  const auto good = of("2026-11-01T00:00:01Z");
  ASSERT_TRUE(good);
  EXPECT_EQ(good->to->us - good->from->us, 1'000'000);
  for (const std::string& end : {begin, std::string("2026-10-31T23:59:59Z")}) {
    const auto bad = of(end);
    ASSERT_FALSE(bad) << end;
    EXPECT_EQ(only_field(bad.error()).pointer, "#/query/until");
    EXPECT_EQ(only_field(bad.error()).rule, "not_after_start");
    EXPECT_EQ(only_field(bad.error()).detail, "must be after since");
  }
  EXPECT_EQ(only_field(of("today").error()).rule, "must_be_timestamp");
  EXPECT_TRUE(parse_window(with_query({{"to", begin}}))) << "without a beginning";
}

TEST(Window, OfCreationHasTheSameNamesInEveryList) {
  const auto good = parse_created(with_query(
      {{"created_after", "2026-11-01T00:00:00Z"}, {"created_before", "2026-11-01T00:00:01Z"}}));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->from, Timestamp::parse("2026-11-01T00:00:00Z"));
  EXPECT_EQ(good->to, Timestamp::parse("2026-11-01T00:00:01Z"));
  const auto bad = parse_created(with_query({{"created_before", "yesterday"}}));
  ASSERT_FALSE(bad);
  EXPECT_EQ(only_field(bad.error()).pointer, "#/query/created_before");
}

TEST(Paging, NamesBothBadParameters) {
  const auto page = parse_page(with_query({{"limit", "0"}, {"cursor", "x"}}));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().fields.size(), 2u);
}

TEST(Query, RefusesParametersThatTheRouteDoesNotKnow) {
  const auto result = check_query(with_query({{"limt", "5"}, {"limit", "5"}}), {"limit", "cursor"});
  ASSERT_FALSE(result);
  EXPECT_EQ(only_field(result.error()).rule, "unknown_parameter");
  EXPECT_EQ(only_field(result.error()).pointer, "#/query/limt");
  EXPECT_EQ(only_field(result.error()).detail,
            "is no parameter of this route, which takes limit and cursor");
  EXPECT_TRUE(check_query(with_query({{"limit", "5"}}), {"limit"}));
  EXPECT_EQ(only_field(check_query(with_query({{"x", ""}}), {}).error()).detail,
            "is no parameter of this route, which takes none");
  EXPECT_TRUE(check_query(with_query({{"x", ""}, {"x", ""}}), any_query));
}

TEST(Query, TakesParametersWithAKeyInBrackets) {
  const Query known{"metadata[]"};
  EXPECT_TRUE(check_query(with_query({{"metadata[a]", "1"}, {"metadata[b]", "1"}}), known));
  for (const auto* name : {"metadata", "metadata[]", "metadata[a", "metadata.a"})
    EXPECT_FALSE(check_query(with_query({{name, "1"}}), known)) << name;
}

TEST(Body, ARouteWithoutOneTakesNothingButAnEmptyOne) {
  Request request;
  request.method = "POST";
  const auto rule = [&](const char* body, Body wanted) {
    request.body = body;
    const auto result = check_body(request, wanted);
    if (result) return std::string();
    if (result.error().fields.empty()) return std::string(result.error().code.name);
    return std::string(only_field(result.error()).rule);
  };
  for (const auto* empty : {"", "{}", " { } "}) EXPECT_EQ(rule(empty, Body::none), "") << empty;
  EXPECT_EQ(rule(R"({"dry_run":true})", Body::none), "unknown_field");
  EXPECT_EQ(rule("{{{", Body::none), "must_be_empty");
  EXPECT_EQ(rule("[]", Body::none), "wrong_type");
  EXPECT_EQ(rule(std::string(5'000, ' ').c_str(), Body::none), "must_be_empty");
  EXPECT_EQ(rule("{{{", Body::by_method), "") << "the handler of a POST reads it";
  request.method = "DELETE";
  EXPECT_EQ(rule(R"({"force":true})", Body::by_method), "unknown_field");
  EXPECT_EQ(rule(R"({"force":true})", Body::any), "");
}

TEST(Query, RefusesAParameterThatStandsTwice) {
  const auto result = check_query(with_query({{"at", "1"}, {"at", "2"}}), {"at"});
  ASSERT_FALSE(result);
  EXPECT_EQ(only_field(result.error()).rule, "repeated_parameter");
}

}  // namespace
}  // namespace florin::http
