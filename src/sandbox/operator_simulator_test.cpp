// The operator's own dialect over real HTTP: every status of the contract, and its rules.
#include <future>
#include <set>

#include "sandbox/sandbox_fixture.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

std::string debit(std::string_view id, std::string_view player, std::string_view amount,
                  std::string_view currency = "KZT") {
  return std::string(R"("transactionId":")")
      .append(id)
      .append(R"(","playerId":")")
      .append(player)
      .append(R"(","roundId":"r-1","currency":")")
      .append(currency)
      .append(R"(","amount":")")
      .append(amount)
      .append("\"");
}

std::string credit(std::string_view id, std::string_view debit_id, std::string_view player,
                   std::string_view amount) {
  return debit(id, player, amount)
      .append(R"(,"type":"WIN","refId":")")
      .append(debit_id)
      .append("\"");
}

std::string rollback(std::string_view id, std::string_view debit_id) {
  return std::string(R"("transactionId":")")
      .append(id)
      .append(R"(","refId":")")
      .append(debit_id)
      .append("\"");
}

TEST(OperatorSimulator, ANewcomerCanPlayAtOnce) {
  SandboxFixture sandbox;
  const Answer answer = sandbox.wallet("debit", debit("tx-1", "ana", "150.00"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("status"), "OK");
  EXPECT_EQ(answer.text("balance"), "850.00");
  EXPECT_EQ(answer.text("amount"), "150.00");
  EXPECT_EQ(answer.text("currency"), "KZT");
  EXPECT_EQ(answer.text("requestId"), "q-1");
  EXPECT_EQ(answer.text("transactionId"), "tx-1");
  EXPECT_EQ(answer.text("processedAt"), "2024-11-20T12:00:00.000000Z");
  EXPECT_FALSE(answer.text("walletTransactionId").empty());
  EXPECT_EQ(*answer.body.find("duplicate")->as_bool(), false);
}

TEST(OperatorSimulator, MoneyHasTheDecimalsOfItsCurrency) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.wallet("debit", debit("a", "yen", "1", "JPY")).text("balance"), "999");
  EXPECT_EQ(sandbox.wallet("debit", debit("b", "dinar", "0.005", "KWD")).text("balance"),
            "999.995");
  EXPECT_EQ(sandbox.wallet("debit", debit("c", "yen", "1.0", "JPY")).text("status"),
            "INVALID_AMOUNT");
  EXPECT_EQ(sandbox.wallet("debit", debit("d", "ana", "-1.00")).text("status"), "INVALID_AMOUNT");
  EXPECT_EQ(sandbox.wallet("debit", debit("e", "ana", "1,00")).text("status"), "INVALID_AMOUNT");
}

TEST(OperatorSimulator, TheSameCallAgainMovesNothingAndTellsTheBalanceOfNow) {
  SandboxFixture sandbox;
  const Answer first = sandbox.wallet("debit", debit("tx-1", "ana", "100.00"));
  sandbox.wallet("debit", debit("tx-2", "ana", "200.00"));
  const Answer again = sandbox.wallet("debit", debit("tx-1", "ana", "100.00"));
  EXPECT_EQ(again.text("status"), "OK");
  EXPECT_EQ(*again.body.find("duplicate")->as_bool(), true);
  EXPECT_EQ(again.text("balance"), "700.00");
  EXPECT_EQ(again.text("walletTransactionId"), first.text("walletTransactionId"));
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1", "ana", "100.01")).text("status"),
            "TRANSACTION_CONFLICT");
}

TEST(OperatorSimulator, EveryRefusalCanBeHad) {
  SandboxFixture sandbox;
  const auto status_of = [&](std::string_view operation, const std::string& body) {
    return sandbox.wallet(operation, body).text("status");
  };
  EXPECT_EQ(status_of("debit", debit("a", "ana", "1000.01")), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(status_of("debit", debit("b", "poor-bob", "0.01")), "INSUFFICIENT_FUNDS");
  EXPECT_EQ(status_of("debit", debit("c", "limit-bob", "1.00")), "LIMIT_REACHED");
  EXPECT_EQ(status_of("debit", debit("d", "blocked-bob", "1.00")), "PLAYER_BLOCKED");
  EXPECT_EQ(status_of("debit", debit("e", "missing-bob", "1.00")), "PLAYER_NOT_FOUND");
  EXPECT_EQ(status_of("debit", debit("f", "ana", "1.00", "EUR")), "CURRENCY_MISMATCH");
  EXPECT_EQ(status_of("debit", debit("g", "ana", "1.00") + R"(,"gameCode":"forbidden-x")"),
            "GAME_NOT_ALLOWED");
  EXPECT_EQ(status_of("debit", debit("h", "ana", "1.00") + R"(,"sessionToken":"expired-x")"),
            "SESSION_EXPIRED");
  EXPECT_EQ(status_of("debit", debit("i", "ana", "1.00") + R"(,"sessionToken":"invalid-x")"),
            "INVALID_TOKEN");
  EXPECT_EQ(status_of("credit", credit("j", "nothing", "ana", "1.00")), "TRANSACTION_NOT_FOUND");
  EXPECT_EQ(sandbox.wallet("balance", R"("playerId":"ana")").text("balance"), "1000.00");
}

TEST(OperatorSimulator, ARefusedBetIsRefusedAgain) {
  SandboxFixture sandbox;
  sandbox.wallet("debit", debit("a", "poor-bob", "5.00"));
  sandbox.control("POST", "/sandbox/players",
                  R"({"player_id":"poor-bob","currency":"KZT","balance_minor":1000})");
  EXPECT_EQ(sandbox.wallet("debit", debit("a", "poor-bob", "5.00")).text("status"),
            "INSUFFICIENT_FUNDS");
  EXPECT_EQ(sandbox.wallet("debit", debit("b", "poor-bob", "5.00")).text("balance"), "5.00");
}

TEST(OperatorSimulator, ARollbackGivesBackOnceAndACreditAfterItIsRefused) {
  SandboxFixture sandbox;
  sandbox.wallet("debit", debit("tx-1", "ana", "100.00"));
  EXPECT_EQ(sandbox.wallet("rollback", rollback("rb-tx-1", "tx-1")).text("balance"), "1000.00");
  const Answer again = sandbox.wallet("rollback", rollback("rb-tx-1", "tx-1"));
  EXPECT_EQ(again.text("status"), "OK");
  EXPECT_EQ(again.text("balance"), "1000.00");
  EXPECT_EQ(sandbox.wallet("credit", credit("w", "tx-1", "ana", "1.00")).text("status"),
            "ALREADY_ROLLED_BACK");
}

TEST(OperatorSimulator, ARollbackOfAnUnknownDebitLeavesATombstone) {
  SandboxFixture sandbox;
  const Answer answer = sandbox.wallet("rollback", rollback("rb-late", "late"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text("status"), "OK");
  EXPECT_EQ(sandbox.wallet("debit", debit("late", "ana", "1.00")).text("status"),
            "ALREADY_ROLLED_BACK");
  EXPECT_EQ(sandbox.wallet("balance", R"("playerId":"ana")").text("balance"), "1000.00");
}

TEST(OperatorSimulator, ASettledDebitIsNotRolledBack) {
  SandboxFixture sandbox;
  sandbox.wallet("debit", debit("tx-1", "ana", "100.00"));
  sandbox.wallet("credit", credit("win-1", "tx-1", "ana", "30.00"));
  EXPECT_EQ(sandbox.wallet("credit", credit("win-2", "tx-1", "ana", "0.00")).text("balance"),
            "930.00");
  EXPECT_EQ(sandbox.wallet("rollback", rollback("rb-tx-1", "tx-1")).text("status"),
            "TRANSACTION_CONFLICT");
}

TEST(OperatorSimulator, ARollbackThatFitsNothingIsRefused) {
  SandboxFixture sandbox;
  sandbox.wallet("debit", debit("tx-1", "ana", "100.00"));
  sandbox.wallet("debit", debit("tx-2", "poor-bob", "100.00"));
  sandbox.wallet("credit", debit("promo", "ana", "1.00"));
  const auto status_of = [&](const std::string& body) {
    return sandbox.wallet("rollback", body).text("status");
  };
  EXPECT_EQ(status_of(rollback("rb-promo", "promo")), "TRANSACTION_CONFLICT");
  EXPECT_EQ(status_of(rollback("rb-other", "tx-1") + R"(,"playerId":"bob")"),
            "TRANSACTION_NOT_FOUND");
  EXPECT_EQ(status_of(rollback("rb-tx-2", "tx-2")), "OK") << "a refused bet has moved nothing";
  EXPECT_EQ(status_of(rollback("rb-tx-1", "tx-1") + R"(,"playerId":"ana")"), "OK");
  EXPECT_EQ(status_of(rollback("rb-again", "tx-1")), "ALREADY_ROLLED_BACK");
  EXPECT_EQ(status_of(rollback("rb-none", "none")), "OK");
  EXPECT_EQ(status_of(rollback("rb-none-again", "none")), "ALREADY_ROLLED_BACK");
  EXPECT_EQ(sandbox.wallet("credit", credit("w", "none", "ana", "1.00")).text("status"),
            "ALREADY_ROLLED_BACK");
  EXPECT_EQ(sandbox.wallet("balance", R"("playerId":"ana")").text("balance"), "1001.00");
}

TEST(OperatorSimulator, ABalanceHasAnEnd) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.wallet("credit", debit("a", "ana", "92233720368547758.07")).text("status"),
            "INVALID_AMOUNT");
  EXPECT_EQ(sandbox.wallet("credit", debit("b", "ana", "92233720368547758.08")).text("status"),
            "INVALID_AMOUNT");
}

TEST(OperatorSimulator, TwoRacesForTheLastMoneyHaveOneWinner) {
  SandboxFixture sandbox;
  for (int race = 0; race < 20; ++race) {
    const std::string player = "racer-" + std::to_string(race);
    const auto run = [&](const char* id) {
      return sandbox.wallet("debit", debit(player + id, player, "600.00")).text("status");
    };
    auto one = std::async(std::launch::async, run, "-a");
    auto other = std::async(std::launch::async, run, "-b");
    const std::multiset<std::string> seen{one.get(), other.get()};
    EXPECT_EQ(seen, (std::multiset<std::string>{"INSUFFICIENT_FUNDS", "OK"}));
  }
}

TEST(OperatorSimulator, ACreditReachesABlockedPlayer) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.wallet("credit", debit("promo", "blocked-bob", "5.00")).text("balance"),
            "1005.00");
}

TEST(OperatorSimulator, ATokenIsForOneTime) {
  SandboxFixture sandbox;
  const Answer answer = sandbox.wallet("authenticate", R"("sessionToken":"launch-ana")");
  EXPECT_EQ(answer.text("status"), "OK");
  EXPECT_EQ(answer.text("playerId"), "ana");
  EXPECT_EQ(answer.text("balance"), "1000.00");
  EXPECT_EQ(sandbox.wallet("authenticate", R"("sessionToken":"launch-ana")").text("status"),
            "INVALID_TOKEN");
  EXPECT_EQ(sandbox.wallet("authenticate", R"("sessionToken":"unknown")").text("status"),
            "INVALID_TOKEN");
  EXPECT_EQ(sandbox.wallet("authenticate", R"("sessionToken":"expired-1","playerId":"ana")")
                .text("status"),
            "SESSION_EXPIRED");
}

TEST(OperatorSimulator, AnAdjustmentMayTake) {
  SandboxFixture sandbox;
  EXPECT_EQ(sandbox.wallet("adjust", debit("adj", "ana", "-10.00")).text("balance"), "990.00");
}

TEST(OperatorSimulator, ABodyThatIsNotOfTheContractIs400) {
  SandboxFixture sandbox;
  const Answer answer = sandbox.wallet("debit", R"("playerId":"ana")");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.text("status"), "BAD_REQUEST");
  EXPECT_EQ(answer.text("message").substr(0, 14), "/transactionId");
  EXPECT_EQ(sandbox.wallet("debit", "oops").status, 400);
  EXPECT_EQ(sandbox.list("?from=yesterday").status, 400);
  EXPECT_EQ(sandbox.list("?limit=0").status, 400);
}

constexpr std::string_view vector_body =
    R"({"requestId":"7d0d1f3e-0001","transactionId":"tx-1001","refId":"round-77","playerId":"p-42","currency":"KZT","amount":"150.00"})";
constexpr std::string_view vector_signature =
    "82f8d85e289d2b444f63f262c73ba775627249516b57d451bc08a4d6495555d1";

http_client::Request vector_call(const SandboxFixture& sandbox) {
  http_client::Request call = sandbox.request("POST", "/wallet/debit", vector_body);
  call.headers.push_back({"X-Timestamp", "1732104000"});
  call.headers.push_back({"X-Signature", std::string(vector_signature)});
  return call;
}

TEST(OperatorSimulator, TakesTheVectorOperatorHmac) {
  SandboxFixture sandbox;
  EXPECT_EQ(sign_wallet_call(Secret(std::string(first_secret)),
                             {"1732104000", "POST", "/wallet/debit", vector_body}),
            vector_signature);
  EXPECT_EQ(sandbox.send(vector_call(sandbox)).text("balance"), "850.00");
}

TEST(OperatorSimulator, BothSecretsOfARotationSign) {
  SandboxFixture sandbox;
  for (const std::string_view secret : {first_secret, second_secret}) {
    http_client::Request call = vector_call(sandbox);
    call.headers.back().value = sign_wallet_call(
        Secret(std::string(secret)), {"1732104000", "POST", "/wallet/debit", vector_body});
    EXPECT_EQ(sandbox.send(call).status, 200);
  }
}

TEST(OperatorSimulator, TheTimeMayBeFiveMinutesOff) {
  SandboxFixture sandbox;
  sandbox.clock.advance_seconds(300);
  EXPECT_EQ(sandbox.send(vector_call(sandbox)).status, 200);
  sandbox.clock.advance_seconds(1);
  EXPECT_EQ(sandbox.send(vector_call(sandbox)).status, 401);
  sandbox.clock.set(vector_time.plus_seconds(-301));
  EXPECT_EQ(sandbox.send(vector_call(sandbox)).text("status"), "INVALID_SIGNATURE");
}

TEST(OperatorSimulator, AnythingChangedIsNotSigned) {
  SandboxFixture sandbox;
  http_client::Request tampered = vector_call(sandbox);
  tampered.body.replace(tampered.body.find("150.00"), 6, "950.00");
  EXPECT_EQ(sandbox.send(tampered).status, 401);
  http_client::Request elsewhere = vector_call(sandbox);
  elsewhere.url = sandbox.operator_url() + "/wallet/credit";
  EXPECT_EQ(sandbox.send(elsewhere).status, 401);
  EXPECT_EQ(sandbox.send(sandbox.request("POST", "/wallet/debit", vector_body)).status, 401);
  EXPECT_EQ(sandbox.control("GET", "/wallet/transactions").status, 401);
  const Answer state = sandbox.control("GET", "/sandbox/state");
  EXPECT_EQ(*state.body.find("calls")->find("bad_signature")->as_integer(), 4);
  EXPECT_EQ(state.number("booked"), 0);
}

}  // namespace
}  // namespace florin::sandbox
