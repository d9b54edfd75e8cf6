// The EvenBet-like dialect over real HTTP: every number it knows.
#include "sandbox/sandbox_fixture.h"

namespace florin::sandbox {
namespace {

struct EvenbetCall {
  std::string_view method, transaction_id, reference_id, user = "ana";
  std::int64_t amount = 100;
  std::string_view currency = "KZT";
};

std::string text_of(const EvenbetCall& call) {
  std::string body = R"({"method":")" + std::string(call.method);
  body.append(R"(","transactionId":")").append(call.transaction_id);
  if (!call.reference_id.empty()) {
    body.append(R"(","referenceTransactionId":")").append(call.reference_id);
  }
  body.append(R"(","roundId":"r-1","userId":")").append(call.user);
  body.append(R"(","currency":")").append(call.currency);
  return body.append(R"(","amount":)").append(std::to_string(call.amount)).append("}");
}

TEST(Evenbet, PlaysARound) {
  SandboxFixture sandbox;
  const Answer bet = sandbox.evenbet(text_of({"GetCash", "t1", "", "ana", 15'000}));
  EXPECT_EQ(bet.status, 200);
  EXPECT_EQ(bet.number("errorCode"), 0);
  EXPECT_EQ(bet.number("balance"), 85'000);
  EXPECT_EQ(sandbox.evenbet(text_of({"GetCash", "t1", "", "ana", 15'000})).number("balance"),
            85'000);
  EXPECT_EQ(sandbox.evenbet(text_of({"ReturnCash", "t2", "t1", "ana", 500})).number("balance"),
            85'500);
  EXPECT_EQ(sandbox.evenbet(text_of({"GetBalance", "t3", ""})).number("balance"), 85'500);
}

TEST(Evenbet, GivesBack) {
  SandboxFixture sandbox;
  sandbox.evenbet(text_of({"GetCash", "t1", ""}));
  const Answer answer = sandbox.evenbet(text_of({"Rollback", "rb-t1", "t1"}));
  EXPECT_EQ(answer.number("errorCode"), 0);
  EXPECT_EQ(answer.number("balance"), 100'000);
}

TEST(Evenbet, EveryNumberCanBeHad) {
  SandboxFixture sandbox;
  const auto code_of = [&](const EvenbetCall& call) {
    return sandbox.evenbet(text_of(call)).number("errorCode");
  };
  EXPECT_EQ(code_of({"GetCash", "a", "", "missing-bob"}), 2);
  EXPECT_EQ(code_of({"GetCash", "b", "", "poor-bob"}), 3);
  EXPECT_EQ(code_of({"GetCash", "c", "", "ana", -1}), 4);
  EXPECT_EQ(code_of({"Nonsense", "d", ""}), 4);
  EXPECT_EQ(code_of({"GetCash", "e", "", "ana", 1, "???"}), 4);
  EXPECT_EQ(code_of({"ReturnCash", "f", "unknown"}), 5);
  EXPECT_EQ(code_of({"Rollback", "rb-late", "late"}), 5);
  EXPECT_EQ(code_of({"GetCash", "late", ""}), 7);
  EXPECT_EQ(code_of({"GetCash", "g", "", "ana", 1}), 0);
  EXPECT_EQ(code_of({"GetCash", "g", "", "ana", 2}), 6);
  EXPECT_EQ(code_of({"GetCash", "h", "", "blocked-bob"}), 8);
  EXPECT_EQ(code_of({"GetCash", "i", "", "limit-bob"}), 9);
  EXPECT_EQ(code_of({"GetCash", "j", "", "ana", 1, "EUR"}), 4);
  EXPECT_EQ(sandbox.evenbet("{").number("errorCode"), 4);

  sandbox.add_fault(R"({"kind":"error_500"})");
  const Answer broken = sandbox.evenbet(text_of({"GetCash", "k", ""}));
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.number("errorCode"), 500);
}

TEST(Evenbet, ARollbackAndABalanceNeedNoCurrency) {
  SandboxFixture sandbox;
  const std::string rollback =
      R"({"method":"Rollback","transactionId":"rb-t1","referenceTransactionId":"t1","userId":"ana"})";
  EXPECT_EQ(sandbox.evenbet(rollback).number("errorCode"), 5);
  EXPECT_EQ(sandbox.evenbet(text_of({"GetCash", "t1", ""})).number("errorCode"), 7);
  const Answer balance = sandbox.evenbet(R"({"method":"GetBalance","userId":"bob"})");
  EXPECT_EQ(balance.number("balance"), 100'000);
  EXPECT_EQ(balance.text("currency"), "KZT");
  EXPECT_EQ(
      sandbox.evenbet(R"({"method":"GetCash","transactionId":"t2","userId":"bob","amount":1})")
          .number("errorCode"),
      4);
}

TEST(Evenbet, AnUnsignedCallIsRefused) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.control("POST", "/evenbet", text_of({"GetCash", "a", ""})).number("errorCode"),
            1);
  http_client::Request call = sandbox.request("POST", "/evenbet", text_of({"GetCash", "a", ""}));
  call.headers.push_back({"sign", std::string(64, '0')});
  EXPECT_EQ(sandbox.send(std::move(call)).number("errorCode"), 1);
}

TEST(Evenbet, MeetsTheFaultsOfTheSameNames) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","kind":"changed_amount"})");
  EXPECT_EQ(sandbox.evenbet(text_of({"GetCash", "a", ""})).number("amount"), 101);
}

}  // namespace
}  // namespace florin::sandbox
