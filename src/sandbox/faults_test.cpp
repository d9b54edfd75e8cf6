// Every fault over real HTTP: what the caller sees, and what the books know afterwards.
#include <algorithm>
#include <future>

#include "sandbox/control.h"
#include "sandbox/dice.h"
#include "sandbox/fault_plan.h"
#include "sandbox/sandbox_fixture.h"
#include "sandbox/signatures.h"

namespace florin::sandbox {
namespace {

std::string debit(std::string_view id, std::string_view player = "ana") {
  return std::string(R"("transactionId":")")
      .append(id)
      .append(R"(","playerId":")")
      .append(player)
      .append(R"(","currency":"KZT","amount":"100.00")");
}

std::string balance_of(SandboxFixture& sandbox) {
  return sandbox.wallet("balance", R"("playerId":"ana")").text("balance");
}

/// The answer to one debit under the fault, and ana's balance after it.
struct Seen {
  Answer answer;
  std::string balance;
};
Seen debit_under(std::string_view kind) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","kind":")" + std::string(kind) + "\"}");
  Answer answer = sandbox.wallet("debit", debit("tx-1"));
  return {std::move(answer), balance_of(sandbox)};
}

TEST(Faults, AnErrorBooksNothing) {
  for (const auto& [kind, status] :
       {std::pair("error_500", 500), std::pair("error_503", 503), std::pair("gone_410", 410)}) {
    const Seen seen = debit_under(kind);
    EXPECT_EQ(seen.answer.status, status);
    EXPECT_EQ(seen.balance, "1000.00");
  }
}

TEST(Faults, ACallerMayBeToldToWait) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"kind":"rate_limited","retry_after_s":7})");
  const Answer answer = sandbox.wallet("debit", debit("tx-1"));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.raw.header("Retry-After"), "7");
  EXPECT_EQ(balance_of(sandbox), "1000.00");
}

TEST(Faults, AnswersThatAreNoneAreBookedAllTheSame) {
  const Seen html = debit_under("html");
  EXPECT_EQ(html.answer.status, 200);
  EXPECT_TRUE(html.answer.raw.header("Content-Type")->starts_with("text/html"));
  EXPECT_EQ(html.balance, "900.00");

  const Seen half = debit_under("half_body");
  EXPECT_EQ(half.answer.status, 200);
  EXPECT_TRUE(half.answer.raw.body.starts_with(R"({"status":"OK")"));
  EXPECT_TRUE(half.answer.body.is_null());
  EXPECT_EQ(half.balance, "900.00");

  const Seen nothing = debit_under("no_content_204");
  EXPECT_EQ(nothing.answer.status, 204);
  EXPECT_EQ(nothing.balance, "900.00");
}

TEST(Faults, ARedirectLeadsNowhere) {
  const Seen seen = debit_under("redirect");
  EXPECT_EQ(seen.answer.status, 302);
  EXPECT_EQ(seen.answer.raw.header("Location"), "/elsewhere");
  EXPECT_EQ(seen.balance, "1000.00");
}

TEST(Faults, TheAnswerMayBeAboutOtherMoney) {
  const Seen currency = debit_under("other_currency");
  EXPECT_EQ(currency.answer.text("currency"), "EUR");
  EXPECT_EQ(currency.balance, "900.00");
  const Seen amount = debit_under("changed_amount");
  EXPECT_EQ(amount.answer.text("amount"), "100.01");
  EXPECT_EQ(amount.balance, "900.00");
}

TEST(Faults, AWrongAmountIsBooked) {
  const Seen seen = debit_under("wrong_amount");
  EXPECT_EQ(seen.answer.text("status"), "OK");
  EXPECT_EQ(seen.balance, "899.99");
}

TEST(Faults, ADuplicateIsAnsweredAsSuch) {
  const Seen seen = debit_under("duplicate");
  EXPECT_EQ(*seen.answer.body.find("duplicate")->as_bool(), true);
  EXPECT_EQ(seen.balance, "900.00");
}

TEST(Faults, ARowMayBeMissingOrTooMany) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","transaction_id":"tx-1","kind":"missing_row"})");
  sandbox.add_fault(R"({"operation":"debit","transaction_id":"tx-3","kind":"extra_row"})");
  for (const auto* id : {"tx-1", "tx-2", "tx-3"}) sandbox.wallet("debit", debit(id));
  std::vector<std::string> listed;
  const Answer list = sandbox.list("");
  for (const json::Value& row : *list.body.find("data")->as_array()) {
    listed.push_back(*row.find("transactionId")->as_string());
  }
  EXPECT_EQ(listed, (std::vector<std::string>{"tx-2", "tx-3", "extra-tx-3"}));
  EXPECT_EQ(balance_of(sandbox), "700.00");
}

/// A debit that times out, and what a retry of it finds.
Answer retry_after_timeout(std::string_view kind) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","hold_ms":30000,"kind":")" + std::string(kind) + "\"}");
  const std::string body = R"({"requestId":"q",)" + debit("tx-1") + "}";
  http_client::Request call = sandbox.request("POST", "/wallet/debit", body);
  call.headers.push_back({"X-Timestamp", "1732104000"});
  call.headers.push_back(
      {"X-Signature", sign_wallet_call(Secret(std::string(first_secret)),
                                       {"1732104000", "POST", "/wallet/debit", body})});
  call.timeout_ms = 100;
  const auto answer = sandbox.client.execute(call);
  EXPECT_TRUE(!answer && answer.error().code == http_client::errors::answer_timed_out);
  return sandbox.wallet("debit", debit("tx-1"));
}

TEST(Faults, ATimeoutBeforeTheCommitLeavesNothing) {
  const Answer retry = retry_after_timeout("timeout_before_commit");
  EXPECT_EQ(*retry.body.find("duplicate")->as_bool(), false);
}

TEST(Faults, ATimeoutAfterTheCommitLeavesTheBooking) {
  const Answer retry = retry_after_timeout("timeout_after_commit");
  EXPECT_EQ(*retry.body.find("duplicate")->as_bool(), true);
  EXPECT_EQ(retry.text("balance"), "900.00");
}

TEST(Faults, WhoWaitsOutATimeoutLearnsNothing) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"kind":"timeout_after_commit","hold_ms":1})");
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).status, 504);
}

TEST(Faults, ManyHangingCallsHoldUpNobody) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","kind":"timeout_before_commit","times":100})");
  for (int i = 0; i < 100; ++i) {
    http_client::Request call = sandbox.request("POST", "/evenbet",
                                                "{\"method\":\"GetCash\","
                                                "\"transactionId\":\"t" +
                                                    std::to_string(i) +
                                                    "\",\"userId\":\"ana\",\"currency\":\"KZT\","
                                                    "\"amount\":1}");
    call.headers.push_back(
        {"sign", sign_evenbet_call(Secret(std::string(first_secret)), call.body)});
    sandbox.client.send(std::move(call), [](const Result<http_client::Response>&) {});
  }
  EXPECT_EQ(balance_of(sandbox), "1000.00");
}

TEST(Faults, OutOfOrderACallIsOvertaken) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","kind":"out_of_order","hold_ms":2000})");
  auto late = std::async(std::launch::async,
                         [&] { return sandbox.wallet("debit", debit("tx-1")).text("status"); });
  // The rollback is sent when the debit has surely arrived, as the count of calls says.
  while (sandbox.control("GET", "/sandbox/faults").body.find("data")->as_array()->size() != 0) {
  }
  sandbox.wallet("rollback", R"("transactionId":"rb-tx-1","refId":"tx-1")");
  EXPECT_EQ(late.get(), "ALREADY_ROLLED_BACK");
}

TEST(Faults, HitOnlyWhatTheyName) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"credit","kind":"error_500"})");
  sandbox.add_fault(R"({"player_id":"bob","kind":"error_500"})");
  sandbox.add_fault(R"({"transaction_id":"tx-9","kind":"error_500"})");
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).status, 200);
  EXPECT_EQ(sandbox.wallet("credit", debit("tx-2")).status, 500);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-3", "bob")).status, 500);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-9")).status, 500);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-9")).status, 200);
}

TEST(Faults, ComeSoManyTimes) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"operation":"debit","kind":"error_500","times":2})");
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).status, 500);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).status, 500);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).text("balance"), "900.00");
  const Answer state = sandbox.control("GET", "/sandbox/state");
  EXPECT_EQ(*state.body.find("calls")->find("debit")->as_integer(), 3);
  EXPECT_EQ(*state.body.find("injected")->find("error_500")->as_integer(), 2);
  const json::Array& log = *state.body.find("log")->as_array();
  ASSERT_EQ(log.size(), 3U);
  EXPECT_EQ(*log.at(0).find("outcome")->as_string(), "OK");
  EXPECT_EQ(*log.at(1).find("fault")->as_string(), "error_500");
}

TEST(Faults, AreForgottenOnRequest) {
  SandboxFixture sandbox;
  sandbox.add_fault(R"({"kind":"error_500","times":1000})");
  EXPECT_EQ(sandbox.control("DELETE", "/sandbox/faults").status, 204);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).status, 200);
  EXPECT_EQ(sandbox.control("POST", "/sandbox/reset").status, 204);
  EXPECT_EQ(balance_of(sandbox), "1000.00");
}

/// What the state says that the balances of a currency must add up to.
std::int64_t expected_balances(const json::Value& totals) {
  const auto sum = [&](std::string_view name) { return *totals.find(name)->as_integer(); };
  return sum("openings_minor") + sum("adjustments_minor") - sum("debits_minor") +
         sum("credits_minor") + sum("rollbacks_minor") - sum("suspense_minor");
}

TEST(Faults, AStormLeavesBooksThatAddUp) {
  SandboxFixture sandbox;
  sandbox.add_fault(
      R"({"rate":0.4,"seed":11,"hold_ms":1,"kinds":["error_500","error_503","rate_limited",)"
      R"("timeout_before_commit","timeout_after_commit","duplicate","out_of_order","wrong_amount",)"
      R"("changed_amount","missing_row","extra_row","html","half_body","no_content_204",)"
      R"("redirect","gone_410","other_currency"]})");
  Dice dice(3);
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = "tx-" + std::to_string(dice.below(300));
    const std::string player = "p-" + std::to_string(dice.below(5));
    const std::string refers = R"(,"refId":")" + id + "\"";
    switch (dice.below(3)) {
      case 0:
        sandbox.wallet("debit", debit(id, player));
        break;
      case 1:
        sandbox.wallet("credit", debit("win-" + id, player) + refers);
        break;
      default:
        sandbox.wallet("rollback", R"("transactionId":"rb-)" + id + "\"" + refers);
    }
  }
  const Answer state = sandbox.control("GET", "/sandbox/state");
  std::int64_t balances = 0;
  for (const json::Value& player : *state.body.find("players")->as_array()) {
    const std::int64_t balance = *player.find("balance_minor")->as_integer();
    EXPECT_GE(balance, 0);
    balances += balance;
  }
  EXPECT_EQ(balances, expected_balances(*state.body.find("totals")->find("KZT")));
  EXPECT_EQ(state.body.find("injected")->as_object()->size(), 17U);
}

TEST(Faults, ABadRuleNamesItsFields) {
  SandboxFixture sandbox;
  for (const auto* rule :
       {R"({})", R"({"kind":"nonsense"})", R"({"kinds":[]})", R"({"kinds":["html",1]})",
        R"({"kind":"html","rate":1.5})", R"({"kind":"html","rate":-1})",
        R"({"kind":"html","rate":"0.5"})", R"({"kind":"html","times":0})",
        R"({"kind":"html","player":"ana"})", R"([])"}) {
    const Answer answer = sandbox.control("POST", "/sandbox/faults", rule);
    EXPECT_EQ(answer.status, 400) << rule;
    EXPECT_EQ(answer.text("code"), "validation_failed") << rule;
  }
  EXPECT_EQ(sandbox.control("POST", "/sandbox/faults", "{").text("code"), "malformed_json");
}

TEST(Players, AreSetByHand) {
  SandboxFixture sandbox;
  const auto set = [&](std::string_view body) {
    return sandbox.control("POST", "/sandbox/players", body);
  };
  EXPECT_EQ(
      set(R"({"player_id":"ana","currency":"KZT","balance_minor":5,"status":"blocked"})").status,
      200);
  EXPECT_EQ(sandbox.wallet("debit", debit("tx-1")).text("status"), "PLAYER_BLOCKED");
  EXPECT_EQ(balance_of(sandbox), "0.05");
  EXPECT_EQ(set(R"({"player_id":"ana","currency":"EUR","balance_minor":5})").text("code"),
            "currency_mismatch");
  EXPECT_EQ(set(R"({"player_id":"ana","currency":"XXY","balance_minor":-5,"status":"x"})")
                .body.find("errors")
                ->as_array()
                ->size(),
            3U);
}

TEST(Players, WhoHaveLeftGetTheirMoneyInSuspense) {
  SandboxFixture sandbox;
  sandbox.wallet("credit", debit("tx-1", "closed-bob"));
  const Answer state = sandbox.control("GET", "/sandbox/state?player=closed-bob");
  const json::Value& player = state.body.find("players")->as_array()->at(0);
  EXPECT_EQ(*player.find("balance_minor")->as_integer(), 100'000);
  EXPECT_EQ(*player.find("status")->as_string(), "closed");
  const json::Value& totals = *state.body.find("totals")->find("KZT");
  EXPECT_EQ(*totals.find("suspense_minor")->as_integer(), 10'000);
}

TEST(Lists, ComeInPagesAndByTime) {
  SandboxFixture sandbox;
  for (int i = 0; i < 5; ++i) {
    sandbox.wallet("debit", debit("tx-" + std::to_string(i)));
    sandbox.clock.advance_seconds(60);
  }
  const Answer first = sandbox.list("?limit=3");
  EXPECT_EQ(first.body.find("data")->as_array()->size(), 3U);
  const Answer second = sandbox.list("?limit=3&cursor=" + first.text("next_cursor"));
  EXPECT_EQ(second.body.find("data")->as_array()->size(), 2U);
  EXPECT_TRUE(second.body.find("next_cursor")->is_null());
  const Answer window = sandbox.list("?from=2024-11-20T12:01:00Z&to=2024-11-20T12:03:00Z");
  EXPECT_EQ(window.body.find("data")->as_array()->size(), 2U);
  const Answer one = sandbox.list("?transactionId=tx-4");
  const json::Array& rows = *one.body.find("data")->as_array();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(*rows.at(0).find("amount")->as_string(), "100.00");
  EXPECT_EQ(*rows.at(0).find("type")->as_string(), "debit");
  EXPECT_EQ(*rows.at(0).find("status")->as_string(), "OK");
  EXPECT_EQ(sandbox.list("?transactionId=none").body.find("data")->as_array()->size(), 0U);
}

TEST(FaultPlan, DiceDependOnSeedAndAttemptAlone) {
  const auto hits = [](std::int64_t seed, bool backwards) {
    FaultPlan plan;
    plan.add({.kinds = {FaultKind::error_500}, .rate = 0.3, .seed = seed});
    std::vector<bool> hit(500);
    for (std::size_t i = 0; i < hit.size(); ++i) {
      const std::size_t n = backwards ? hit.size() - 1 - i : i;
      hit[n] = plan.next({"debit", "ana", "tx-" + std::to_string(n)}).kind != FaultKind::none;
    }
    return hit;
  };
  EXPECT_EQ(hits(1, false), hits(1, true));
  EXPECT_NE(hits(1, false), hits(2, false));
  const auto some = hits(1, false);
  const auto count = std::count(some.begin(), some.end(), true);
  EXPECT_GT(count, 100);
  EXPECT_LT(count, 200);
}

TEST(FaultPlan, ARateOfOneHitsAlwaysAndOfNoneNever) {
  Dice dice(7);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_TRUE(dice.hits(1));
    EXPECT_FALSE(dice.hits(0));
  }
}

TEST(FaultPlan, AFaultThatMeansNothingToACallPassesItBy) {
  FaultPlan plan;
  plan.add({.kinds = {FaultKind::missing_row, FaultKind::html}, .rate = 1.0});
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(plan.next({"balance", "ana", std::to_string(i)}).kind, FaultKind::html);
  }
}

}  // namespace
}  // namespace florin::sandbox
