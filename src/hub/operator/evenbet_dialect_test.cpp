#include "hub/operator/evenbet_dialect.h"

#include <gtest/gtest.h>

#include "platform/http_client/http_client.h"

namespace florin::hub::operators {
namespace {

const EvenbetDialect dialect;

Call call_of(Operation operation) {
  Call call;
  call.operation = operation;
  call.transaction_id = "tx-1001";
  call.ref_id = "round-77";
  call.player = "p-42";
  call.amount = Money{15'000, *Currency::parse("KZT")};
  return call;
}

http_client::Request build(Operation operation) {
  Target target;
  target.settings.base_url = "https://operator.example";
  target.secret = Secret("secret");
  return dialect.build(target, call_of(operation), {});
}

http_client::Response ok(std::string body) {
  http_client::Response response;
  response.status = 200;
  response.body = std::move(body);
  return response;
}

TEST(EvenbetDialect, SignsTheBodyFollowedByTheSecret) {
  // printf '%s' '{"a":1}secret' | sha256sum
  EXPECT_EQ(evenbet_sign(Secret("secret"), R"({"a":1})"),
            "95c28504456d6b33d318930a54f904d648bc8aa88448003ecc99a03838c99c5d");
  const auto request = build(Operation::debit);
  ASSERT_EQ(request.headers.back().name, "sign");
  EXPECT_EQ(request.headers.back().value, evenbet_sign(Secret("secret"), request.body));
}

TEST(EvenbetDialect, SendsTheMethodInTheBody) {
  EXPECT_EQ(build(Operation::debit).url, "https://operator.example/evenbet");
  EXPECT_EQ(build(Operation::debit).body,
            R"({"method":"GetCash","transactionId":"tx-1001","roundId":"round-77",)"
            R"("userId":"p-42","currency":"KZT","amount":15000})");
  EXPECT_EQ(build(Operation::credit).body,
            R"({"method":"ReturnCash","transactionId":"tx-1001",)"
            R"("referenceTransactionId":"round-77","userId":"p-42","currency":"KZT",)"
            R"("amount":15000})");
  EXPECT_TRUE(build(Operation::rollback).body.starts_with(R"({"method":"Rollback",)"));
  Call balance;
  balance.operation = Operation::balance;
  balance.player = "p-42";
  balance.currency = Currency::parse("KZT");
  EXPECT_EQ(dialect.build({}, balance, {}).body,
            R"({"method":"GetBalance","userId":"p-42","currency":"KZT"})");
}

TEST(EvenbetDialect, HasNeitherAQueryNorAList) {
  EXPECT_FALSE(dialect.has(Operation::query));
  EXPECT_EQ(dialect.list(), nullptr);
}

TEST(EvenbetDialect, ARollbackOfWhatIsNotThereIsDoneAndACreditOfItRefused) {
  const auto not_found = ok(R"({"errorCode":5,"errorDescription":"transaction not found"})");
  EXPECT_EQ(dialect.read(call_of(Operation::rollback), not_found).meaning, Meaning::done);
  EXPECT_EQ(dialect.read(call_of(Operation::credit), not_found).meaning, Meaning::refused);
}

TEST(EvenbetDialect, AnInternalErrorInTheBodyIsAFault) {
  const auto internal = ok(R"({"errorCode":500})");
  EXPECT_TRUE(dialect.is_fault(internal));
  EXPECT_EQ(dialect.read(call_of(Operation::debit), internal).meaning, Meaning::unknown);
}

}  // namespace
}  // namespace florin::hub::operators
