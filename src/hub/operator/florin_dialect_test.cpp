#include "hub/operator/florin_dialect.h"

#include <gtest/gtest.h>

#include "hub/operator/operator_fixture.h"
#include "platform/http_client/http_client.h"

namespace florin::hub::operators {
namespace {

const FlorinDialect dialect;
constexpr Timestamp now{1'732'104'000'999'999};

Target target() {
  Target target;
  target.settings.base_url = "https://operator.example/api";
  target.settings.operator_id = "casino-1";
  target.secret = Secret("operator-shared-secret");
  return target;
}

Call call_of(Operation operation) {
  Call call;
  call.operation = operation;
  call.transaction_id = "tx-1001";
  call.ref_id = "round-77";
  call.player = "p-42";
  call.amount = Money{15'000, *Currency::parse("KZT")};
  return call;
}

std::string header(const http_client::Request& request, std::string_view name) {
  for (const auto& h : request.headers) {
    if (h.name == name) return h.value;
  }
  return "";
}

http_client::Response ok(std::string body) {
  http_client::Response response;
  response.status = 200;
  response.body = std::move(body);
  return response;
}

Answer read_query(std::string body) {
  Call call = call_of(Operation::query);
  call.amount.reset();
  call.currency = Currency::parse("KZT");
  return dialect.read(call, ok(std::move(body)));
}

TEST(FlorinDialect, SignsAsTheContractsVectorDoes) {
  const std::string body =
      R"({"requestId":"7d0d1f3e-0001","transactionId":"tx-1001","refId":"round-77",)"
      R"("playerId":"p-42","currency":"KZT","amount":"150.00"})";
  EXPECT_EQ(
      florin_signature(
          Secret("operator-shared-secret"),
          {.timestamp = "1732104000", .method = "POST", .path = "/wallet/debit", .body = body}),
      "82f8d85e289d2b444f63f262c73ba775627249516b57d451bc08a4d6495555d1");
}

TEST(FlorinDialect, SendsTheBodyAndHeadersOfTheContract) {
  const auto request = dialect.build(target(), call_of(Operation::debit), now);
  const std::string id = header(request, "X-Request-Id");
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(request.url, "https://operator.example/api/wallet/debit");
  EXPECT_EQ(request.body, R"({"requestId":")" + id +
                              R"(","transactionId":"tx-1001","refId":"round-77",)"
                              R"("playerId":"p-42","currency":"KZT","amount":"150.00"})");
  EXPECT_EQ(header(request, "X-Operator-Id"), "casino-1");
  EXPECT_EQ(header(request, "X-Timestamp"), "1732104000");
  EXPECT_EQ(header(request, "X-Signature"),
            florin_signature(target().secret, {.timestamp = "1732104000",
                                               .method = "POST",
                                               .path = "/api/wallet/debit",
                                               .body = request.body}));
}

TEST(FlorinDialect, SignsAQueryOverAnEmptyBodyAndThePathAlone) {
  Call call = call_of(Operation::query);
  call.transaction_id = "tx 1&from=\xC3\xA9";
  const auto request = dialect.build(target(), call, now);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(
      request.url,
      "https://operator.example/api/wallet/transactions?transactionId=tx%201%26from%3D%C3%A9");
  EXPECT_EQ(request.body, "");
  EXPECT_EQ(header(request, "X-Signature"),
            florin_signature(target().secret, {.timestamp = "1732104000",
                                               .method = "GET",
                                               .path = "/api/wallet/transactions",
                                               .body = ""}));
}

TEST(FlorinDialect, ACreditSaysWhatKindOfWinItIs) {
  Call call = call_of(Operation::credit);
  const auto body = [&] { return dialect.build(target(), call, now).body; };
  EXPECT_NE(body().find(R"("type":"WIN"})"), std::string::npos) << body();
  call.meta = R"({"type":"JACKPOT","table":7})";
  EXPECT_NE(body().find(R"("type":"JACKPOT","meta":{"type":"JACKPOT","table":7}})"),
            std::string::npos)
      << body();
  call.meta = R"({"type":"LOTTERY"})";
  EXPECT_NE(body().find(R"("type":"WIN")"), std::string::npos) << body();
}

TEST(FlorinDialect, ARollbackNamesNoMoneyWhenNoneIsKnown) {
  Call call = call_of(Operation::rollback);
  call.amount.reset();
  EXPECT_EQ(dialect.build(target(), call, now).body.find("amount"), std::string::npos);
}

TEST(FlorinDialect, BadSignatureAndBadRequestComeWithTheirOwnStatus) {
  const auto read = [](int status, std::string_view word) {
    http_client::Response response;
    response.status = status;
    response.body = R"({"status":")" + std::string(word) + R"("})";
    return dialect.read(call_of(Operation::debit), response).meaning;
  };
  EXPECT_EQ(read(401, "INVALID_SIGNATURE"), Meaning::refused);
  EXPECT_EQ(read(400, "BAD_REQUEST"), Meaning::refused);
  EXPECT_EQ(read(400, "INSUFFICIENT_FUNDS"), Meaning::unknown);
  EXPECT_EQ(read(401, "BAD_REQUEST"), Meaning::unknown);
  EXPECT_EQ(read(500, "INTERNAL_ERROR"), Meaning::unknown);
  EXPECT_EQ(read(200, "INTERNAL_ERROR"), Meaning::unknown);
}

TEST(FlorinDialect, ATombstoneMayKnowNeitherCurrencyNorBalance) {
  const auto body = ok(sample("florin_tombstone.json"));
  EXPECT_EQ(dialect.read(call_of(Operation::rollback), body).meaning, Meaning::done);
  EXPECT_EQ(dialect.read(call_of(Operation::debit), body).meaning, Meaning::unknown);
}

TEST(FlorinDialect, AQueryTellsWhatIsBooked) {
  const std::string booked = sample("florin_query.json");
  EXPECT_EQ(read_query(booked).meaning, Meaning::done);
  EXPECT_EQ(read_query(booked).amount_minor, 15'000);
  EXPECT_EQ(read_query(booked).reference, "01JD2Q8W");
  const Answer undone = read_query(replaced(booked, R"("OK")", R"("ROLLED_BACK")"));
  EXPECT_EQ(undone.meaning, Meaning::done);
  EXPECT_TRUE(undone.is_rolled_back);
  EXPECT_EQ(read_query(R"({"data":[],"next_cursor":null})").meaning, Meaning::not_found);
}

TEST(FlorinDialect, AQueryWithoutAClearAnswerIsUnknown) {
  const std::string booked = sample("florin_query.json");
  for (const std::string& body :
       {replaced(booked, "tx-1001", "tx-1002"), replaced(booked, "KZT", "USD"),
        replaced(booked, R"("OK")", R"("PENDING")"), replaced(booked, "150.00", "150.001"),
        replaced(booked, "null", R"("2")"), std::string(R"({"data":[],"next_cursor":"2"})"),
        sample("florin_list.json"), std::string(R"({"status":"OK","transactionId":"tx-1001"})"),
        std::string(R"({"status":"PLAYER_NOT_FOUND"})")}) {
    EXPECT_EQ(read_query(body).meaning, Meaning::unknown) << body;
  }
  http_client::Response refused = ok(R"({"status":"INVALID_SIGNATURE"})");
  refused.status = 401;
  EXPECT_EQ(dialect.read(call_of(Operation::query), refused).meaning, Meaning::unknown)
      << "that the query is refused does not tell that nothing is booked";
}

TEST(FlorinDialect, AsksForAListOfAPeriod) {
  const ListRequest page{*Timestamp::parse("2026-11-20T00:00:00Z"),
                         *Timestamp::parse("2026-11-21T00:00:00Z"), "a+b"};
  EXPECT_EQ(dialect.build_list(target(), page, now).url,
            "https://operator.example/api/wallet/transactions?from=2026-11-20T00%3A00%3A00.000000Z"
            "&to=2026-11-21T00%3A00%3A00.000000Z&cursor=a%2Bb");
}

}  // namespace
}  // namespace florin::hub::operators
