// The worked example does what CONTRIBUTING says, on both engines.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/docs/api_document.h"
#include "base/clock.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "events/module.h"
#include "idempotency/idempotency.h"
#include "idempotency/module.h"
#include "platform/json/value.h"
#include "platform/modules/module.h"
#include "platform/modules/services.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/test_database.h"

namespace florin::merchants {

modules::Module module();

namespace {

constexpr TenantId ours{1}, theirs{2};

/// Over PostgreSQL where there is a server, otherwise over SQLite.
class Merchants : public testing::Test {
 protected:
  Merchants() {
    std::vector<sql::Migration> all;
    for (const auto migrations :
         {idempotency::migrations(), events::migrations(), module().migrations})
      all.insert(all.end(), migrations.begin(), migrations.end());
    EXPECT_TRUE(sql::migrate(*database, all, clock.now()));
    services.provide(*database);
    services.provide(static_cast<const Clock&>(clock));
    services.provide(ids);
    services.provide(log);
    services.provide(idempotency);
    part = module().build(services);
    routes = part->routes();
  }

  struct Call {
    std::string method, pattern, body = {}, id = {}, key = {};
    std::vector<std::pair<std::string, std::string>> query = {};
    TenantId tenant = ours;
  };
  Result<http::Response> send(const Call& call) {
    http::Request request;
    request.method = call.method;
    request.route = call.pattern;
    request.path = "/v1/merchants/" + call.id;
    request.body = call.body;
    request.caller.tenant = call.tenant;
    request.caller.actor = "key_1";
    request.query_params = call.query;
    if (!call.id.empty()) request.path_params = {{"id", call.id}};
    if (!call.key.empty()) request.headers.push_back({"Idempotency-Key", call.key});
    for (const http::Route& route : routes) {
      if (route.method == call.method && route.pattern == call.pattern)
        return std::get<http::SyncHandler>(route.handler)(request);
    }
    return Error{florin::errors::internal_error, "no such route"};
  }
  Result<http::Response> create(const std::string& body, const std::string& key = {}) {
    return send({.method = "POST", .pattern = "/v1/merchants", .body = body, .key = key});
  }
  static std::string member(const Result<http::Response>& response, std::string_view name) {
    if (!response) return response.error().code.name.data();
    const auto document = json::parse(response->body);
    const json::Value* value = document ? document->find(name) : nullptr;
    return value && value->as_string() ? *value->as_string() : "";
  }
  std::vector<std::string> codes(std::vector<std::pair<std::string, std::string>> query,
                                 TenantId tenant = ours) {
    const auto page = send(
        {.method = "GET", .pattern = "/v1/merchants", .query = std::move(query), .tenant = tenant});
    std::vector<std::string> codes;
    if (!page) return {std::string(page.error().code.name)};
    const json::Value document = *json::parse(page->body);
    for (const json::Value& row : *document.find("data")->as_array())
      codes.push_back(*row.find("code")->as_string());
    return codes;
  }
  static std::string body(const std::string& code, const std::string& more = "") {
    return R"({"code":")" + code + R"(","name":"Duka","country":"KE")" + more + "}";
  }

  FakeClock clock;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  IdGenerator ids{clock, 0};
  events::EventLog log{*database, ids};
  idempotency::Idempotency idempotency{*database, clock};
  modules::Services services;
  std::unique_ptr<modules::Part> part;
  http::Routes routes;
};

using Codes = std::vector<std::string>;

TEST_F(Merchants, AreCreatedReadAndChanged) {
  const auto made = create(body("a", R"(,"max_payment":500,"settlement_currency":"KES")"));
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->status, 201);
  const std::string id = member(made, "id");
  const Call one{.method = "GET", .pattern = "/v1/merchants/{id}", .id = id};
  EXPECT_EQ(send(one)->body, made->body);

  clock.advance_seconds(1);
  const auto changed = send({.method = "PATCH",
                             .pattern = "/v1/merchants/{id}",
                             .body = R"({"status":"suspended","max_payment":null})",
                             .id = id});
  ASSERT_TRUE(changed) << changed.error().detail;
  EXPECT_EQ(member(changed, "status"), "suspended");
  EXPECT_EQ(member(changed, "created_at"), member(made, "created_at"));
  EXPECT_NE(member(changed, "updated_at"), member(made, "updated_at"));
  EXPECT_NE(changed->body.find(R"("max_payment":null)"), std::string::npos);
  EXPECT_EQ(send(one)->body, changed->body);
}

TEST_F(Merchants, EveryBadFieldIsNamedAndNothingIsWritten) {
  const auto refused = create(R"({"name":"","country":"KEN","status":"active","colour":1})");
  ASSERT_FALSE(refused);
  std::string fields;
  for (const FieldError& field : refused.error().fields) fields += field.pointer + " ";
  for (const char* field : {"/code", "/name", "/country", "/status", "/colour"})
    EXPECT_NE(fields.find(std::string(field) + " "), std::string::npos) << fields;
  EXPECT_EQ(codes({}), Codes{});
}

TEST_F(Merchants, ASecondCodeIsAConflictAndAForeignIdIsNotFound) {
  const std::string id = member(create(body("a")), "id");
  EXPECT_EQ(member(create(body("a")), "id"), "merchant_exists");
  const Call foreign{.method = "GET", .pattern = "/v1/merchants/{id}", .id = id, .tenant = theirs};
  EXPECT_EQ(member(send(foreign), "id"), "merchant_not_found");
  EXPECT_EQ(member(send({.method = "PATCH",
                         .pattern = "/v1/merchants/{id}",
                         .body = "{}",
                         .id = id,
                         .tenant = theirs}),
                   "id"),
            "merchant_not_found");
  EXPECT_EQ(
      member(send({.method = "GET", .pattern = "/v1/merchants/{id}", .id = "nonsense"}), "id"),
      "merchant_not_found");
}

TEST_F(Merchants, AreListedNewestFirstByFilters) {
  for (const char* code : {"a", "b", "c"}) ASSERT_TRUE(create(body(code)));
  const std::string id = member(create(body("d")), "id");
  ASSERT_TRUE(send({.method = "PATCH",
                    .pattern = "/v1/merchants/{id}",
                    .body = R"({"status":"suspended"})",
                    .id = id}));
  EXPECT_EQ(codes({}), (Codes{"d", "c", "b", "a"}));
  EXPECT_EQ(codes({{"limit", "2"}}), (Codes{"d", "c"}));
  EXPECT_EQ(codes({{"status", "suspended"}}), (Codes{"d"}));
  EXPECT_EQ(codes({{"code", "b"}}), (Codes{"b"}));
  EXPECT_EQ(codes({{"status", "gone"}}), (Codes{"validation_failed"}));
  EXPECT_EQ(codes({}, theirs), Codes{});
}

TEST_F(Merchants, AKeyActsOnceAndEachChangeLeavesAnEvent) {
  const auto first = create(body("a"), "key-1");
  ASSERT_TRUE(first) << first.error().detail;
  const auto second = create(body("a"), "key-1");
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->body, first->body);
  EXPECT_EQ(codes({}), (Codes{"a"}));
  const auto page = log.list(ours, {.type = "merchant.created"}, {}, 10);
  ASSERT_TRUE(page) << page.error().detail;
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_EQ(page->events[0].subject, member(first, "id"));
  EXPECT_EQ(events::data_of(page->events[0]), first->body);
  EXPECT_EQ(page->events[0].actor, "key_1");
}

TEST_F(Merchants, AreDescribedForTheApiDocument) {
  const json::Object schemas = module().api_schemas();
  std::string names;
  for (const auto& [name, schema] : schemas) names += name + " ";
  EXPECT_EQ(names, "Merchant NewMerchant MerchantChange ");
}

/// The words of the example, with those that every document has.
json::Value prose() {
  std::ifstream file(FLORIN_PROSE);
  std::stringstream text;
  text << file.rdbuf();
  const json::Value said = *json::parse(text.str());
  json::Object words{{"limit", ""}, {"cursor", ""}, {"created_after", ""}, {"created_before", ""}};
  for (const auto& each : *said.find("query_parameters")->as_object()) words.push_back(each);
  return json::Object{
      {"openapi", "3.1.0"},
      {"info", json::Object{{"title", "Merchants"}}},
      {"statuses", json::Object{{"merchant_not_found", 404}, {"merchant_exists", 409}}},
      {"components",
       json::Object{{"schemas", json::Object{{"Problem", json::Object{{"type", "object"}}}}}}},
      {"query_parameters", std::move(words)},
      {"path_parameters", *said.find("path_parameters")},
      {"paths", *said.find("paths")}};
}

TEST_F(Merchants, RoutesAndTheApiDocumentAgree) {
  const app::ApiDocument document =
      app::make_api_document(routes, prose(), module().api_schemas(), "1");
  for (const std::string& problem : document.problems) ADD_FAILURE() << problem;
}

}  // namespace
}  // namespace florin::merchants
