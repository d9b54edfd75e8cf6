#include "hub/wallet/operator_wallet.h"

#include <condition_variable>
#include <future>
#include <mutex>

#include "hub/hub_fixture.h"
#include "hub/operator/operator_fixture.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/books.h"
#include "hub/wallet/resolver.h"
#include "hub/wallet/settlement.h"
#include "hub/wallet/store.h"
#include "platform/http_client/http_client.h"
#include "platform/jobs/delayer.h"
#include "platform/json/value.h"

namespace florin::hub {
namespace {

using operators::http_answer;
using operators::ReceivedCall;
using operators::ScriptedOperator;
using operators::then_hang_up;
using Words = std::vector<std::string>;

constexpr Kind debit = Kind::debit;
constexpr Kind credit = Kind::credit;
constexpr Kind rollback = Kind::rollback;

std::string text_in(const std::string& body, std::string_view name) {
  const auto document = json::parse(body);
  const json::Value* value = document ? document->find(name) : nullptr;
  return value && value->as_string() ? *value->as_string() : std::string();
}

/// The Operator's yes, fitting the call.
std::string ok(const ReceivedCall& call, const std::string& balance = "7.50") {
  return http_answer("200 OK", R"({"status":"OK","transactionId":")" +
                                   text_in(call.body, "transactionId") +
                                   R"(","walletTransactionId":"op-1","balance":")" + balance +
                                   R"(","currency":"EUR","duplicate":false})");
}
std::string says(const std::string& status) {
  return http_answer("200 OK", R"({"status":")" + status + R"("})");
}
std::string broken() { return http_answer("500 Internal Server Error", "oops"); }
std::string listed(const std::string& rows) {
  return http_answer("200 OK", R"({"data":[)" + rows + R"(],"next_cursor":null})");
}
/// The Operator's row of a debit, as its list shows it.
std::string row_of(const ReceivedCall& query, const std::string& amount,
                   const std::string& status = "OK") {
  const std::size_t at = query.target.find("transactionId=") + 14;
  return R"({"transactionId":")" + query.target.substr(at, query.target.find('&', at) - at) +
         R"(","refId":"r","type":"debit","playerId":"ana","currency":"EUR","amount":")" + amount +
         R"(","status":")" + status +
         R"(","walletTransactionId":"op-9","processedAt":"2026-11-21T10:00:00Z"})";
}
bool is_query(const ReceivedCall& call) { return call.method == "GET"; }
bool asks(const ReceivedCall& call, std::string_view what) {
  return call.target.find("/wallet/" + std::string(what)) != std::string::npos;
}

/// A partner in operator mode, and what speaks to the Operator that `script` plays.
class OperatorWalletTest : public testing::Test {
 protected:
  void start(ScriptedOperator::Script script, std::int64_t max_attempts = 1) {
    provider.emplace(std::move(script));
    PartnerDraft wanted;
    wanted.code = "acme";
    wanted.mode = WalletMode::operator_wallet;
    wanted.currencies = {eur()};
    wanted.operator_settings.base_url = provider->url();
    wanted.operator_settings.rate_per_minute = 0;
    wanted.operator_settings.max_attempts = max_attempts;
    wanted.operator_settings.timeout_ms = 2'000;
    wanted.operator_settings.is_trusted = true;
    wanted.operator_secret = Secret("the operator's secret");
    acme = world.add_partner(std::move(wanted));
  }

  ~OperatorWalletTest() override { client.reset(); }

  Result<MovementResult> move(const Call& call) {
    std::promise<Result<MovementResult>> promise;
    wallet.submit(acme, movement_of(call),
                  [&](Result<MovementResult> settled) { promise.set_value(std::move(settled)); });
    return promise.get_future().get();
  }

  /// Lets the time of the resolver come, and runs it until nothing that is due is left pending.
  void resolve(std::int64_t after_s = 3'600) {
    clock.advance_seconds(after_s);
    ASSERT_TRUE(resolver.run());
    for (int i = 0; i < 2'000 && has_lease(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  WalletTransaction stored(const std::string& key, Kind kind = debit) {
    return **world.database->read(
        [&](sql::Tx& tx) { return store::find_by_key(tx, acme->partner.id, kind, key); });
  }
  std::string state_of(const std::string& key, Kind kind = debit) {
    const WalletTransaction transaction = stored(key, kind);
    return std::string(to_word(transaction.state)) + (transaction.is_stuck ? " stuck" : "");
  }
  std::int64_t owed() { return world.balance(books::operator_code(acme->partner, eur())); }
  std::int64_t games() { return world.balance(books::games_code(acme->partner, eur())); }

  FakeClock clock;
  World world{clock};
  PartnerPtr acme;
  std::optional<ScriptedOperator> provider;
  http_client::HttpClient http{{}};
  jobs::Delayer delayer;
  Settlement settlement{*world.database, clock, world.ledger, world.events};
  std::unique_ptr<operators::OperatorClient> client = std::make_unique<operators::OperatorClient>(
      http, delayer, clock, world.metrics, *world.limits);
  OperatorWallet wallet{{*world.database, clock, world.ids, world.events}, *client, settlement};
  Resolver resolver{*world.database, clock, world.partners, *client, settlement, world.metrics};

 private:
  /// Whether the resolver is still at one of them: it has set their next time to just after now.
  bool has_lease() {
    const auto due = *world.database->read(
        [&](sql::Tx& tx) { return store::find_due(tx, clock.now().plus_seconds(120), 100); });
    for (const WalletTransaction& transaction : due) {
      if (transaction.next_check && *transaction.next_check == clock.now().plus_seconds(120))
        return true;
    }
    return false;
  }
};

TEST_F(OperatorWalletTest, ADebitThatTheOperatorBooksIsSettledInTheLedger) {
  start([](int, const ReceivedCall& call) { return ok(call); });
  const auto bet = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(bet), "OK");
  EXPECT_EQ(bet->transaction.balance_minor, 750);
  EXPECT_EQ(bet->transaction.operator_reference, "op-1");
  EXPECT_EQ(owed(), 250);
  EXPECT_EQ(games(), 250);
  EXPECT_EQ(text_in(provider->calls().front().body, "transactionId"), bet->transaction.id.str());
  EXPECT_EQ(world.event_types(), Words{"wallet.debit.completed"});
  EXPECT_EQ(world.faults(), Words{});
}

TEST_F(OperatorWalletTest, FaultsAreRepeatedUnderOneIdUntilItIsBookedOnce) {
  start([](int number, const ReceivedCall& call) { return number < 3 ? broken() : ok(call); }, 4);
  const auto bet = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(bet), "OK");
  EXPECT_EQ(owed(), 250);
  EXPECT_EQ(provider->calls().size(), 3U);
  for (const ReceivedCall& call : provider->calls())
    EXPECT_EQ(text_in(call.body, "transactionId"), bet->transaction.id.str());
}

TEST_F(OperatorWalletTest, ARefusalIsStoredAndReplayed) {
  start([](int, const ReceivedCall&) { return says("INSUFFICIENT_FUNDS"); });
  const auto first = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(first), "insufficient_funds");
  const auto again = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_TRUE(again->is_replay);
  EXPECT_EQ(answer_of(*again).body, answer_of(*first).body);
  EXPECT_EQ(provider->calls().size(), 1U);
  EXPECT_EQ(owed(), 0);
}

TEST_F(OperatorWalletTest, ALimitOfThePlayerIsToldApart) {
  start([](int, const ReceivedCall&) { return says("LIMIT_REACHED"); });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "limit_reached");
}

TEST_F(OperatorWalletTest, AnOperatorThatWasNeverReachedLeavesTheKeyOfADebitFree) {
  start([](int, const ReceivedCall& call) { return ok(call); });
  OperatorSettings settings = acme->partner.operator_settings;
  const std::string url = settings.base_url;
  settings.base_url = "http://127.0.0.1:" + std::to_string(operators::closed_port());
  const PartnerChange change = [&](const Partner& before) {
    PartnerDraft wanted{before};
    wanted.operator_settings = settings;
    return wanted;
  };
  const auto point = [&] {
    ASSERT_TRUE(world.database->write([&](sql::Tx& tx) {
      return world.partners.change(tx, {test_tenant}, acme->partner.id, change);
    }));
    ASSERT_TRUE(world.partners.refresh());
    acme = world.partners.by_code("acme");
  };
  point();
  const auto unreached = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(unreached), "operator_unavailable");
  const std::string why = "nobody accepts connections at the address";
  EXPECT_NE(unreached.error().detail.find(why), std::string::npos) << unreached.error().detail;
  const auto trouble = client->trouble_with(acme->partner.id);
  ASSERT_TRUE(trouble);
  EXPECT_EQ(trouble->reason, why);
  EXPECT_EQ(trouble->since, clock.now());
  EXPECT_EQ(world.count_rows("hub_transactions"), 0);
  settings.base_url = url;
  point();
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "OK");
  EXPECT_EQ(owed(), 250);
  EXPECT_FALSE(client->trouble_with(acme->partner.id)) << "it answers again";
}

TEST_F(OperatorWalletTest, AnOpenBreakerSaysWhatOpenedIt) {
  start([](int, const ReceivedCall&) { return broken(); });
  for (int i = 0; i < 100; ++i) {
    const auto bet = move({debit, "bet-" + std::to_string(i), "ana", 250, "round-1"});
    if (bet) continue;
    EXPECT_NE(bet.error().detail.find("circuit breaker before this Operator is open: the Operator "
                                      "answered HTTP 500"),
              std::string::npos)
        << bet.error().detail;
    return;
  }
  FAIL() << "the breaker never opened";
}

TEST_F(OperatorWalletTest, APendingTransactionSaysWhyUntilItEnds) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "2.50")) : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  EXPECT_EQ(stored("bet-1").pending_reason, "the Operator answered HTTP 500");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "SUCCESS");
  EXPECT_EQ(stored("bet-1").pending_reason, "");
}

TEST_F(OperatorWalletTest, AnUnknownOutcomeIsPendingAndNeverARefusal) {
  start([](int, const ReceivedCall&) { return http_answer("200 OK", "<html>") + then_hang_up; });
  const auto bet = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(bet), "PENDING");
  EXPECT_EQ(answer_of(*bet).status, 202);
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  EXPECT_EQ(provider->calls().size(), 1U);
  EXPECT_EQ(owed(), 0);
}

TEST_F(OperatorWalletTest, APendingDebitThatTheOperatorHasBookedCounts) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "2.50")) : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "SUCCESS");
  EXPECT_EQ(owed(), 250);
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "OK");
}

TEST_F(OperatorWalletTest, APendingDebitThatTheOperatorHasNotIsRolledBackThere) {
  start([](int, const ReceivedCall& call) {
    if (is_query(call)) return listed("");
    return asks(call, "rollback") ? ok(call) : broken();
  });
  const auto bet = move({debit, "bet-1", "ana", 250, "round-1"});
  resolve();
  EXPECT_EQ(state_of("bet-1"), "ROLLED_BACK");
  const ReceivedCall undoing = provider->calls().back();
  EXPECT_EQ(text_in(undoing.body, "transactionId"), "rb-" + bet->transaction.id.str());
  EXPECT_EQ(text_in(undoing.body, "refId"), bet->transaction.id.str());
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "already_rolled_back");
  EXPECT_EQ(owed(), 0);
  EXPECT_EQ(world.event_types(), Words{"wallet.debit.rolled_back"});
}

TEST_F(OperatorWalletTest, APendingDebitThatTheOperatorHasUndoneIsRolledBack) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "2.50", "ROLLED_BACK")) : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "ROLLED_BACK");
}

TEST_F(OperatorWalletTest, AnotherAmountAtTheOperatorNeedsAPerson) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "2.51")) : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "PENDING stuck");
  EXPECT_EQ(world.event_types(), Words{"wallet.debit.stuck"});
  EXPECT_EQ(owed(), 0);
}

TEST_F(OperatorWalletTest, ARollbackThatTheOperatorRefusesNeedsAPerson) {
  start([](int, const ReceivedCall& call) {
    if (is_query(call)) return listed("");
    return asks(call, "rollback") ? says("TRANSACTION_CONFLICT") : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "PENDING stuck");
}

TEST_F(OperatorWalletTest, ADebitThatACreditHasSettledAtTheOperatorIsBookedThere) {
  start([](int, const ReceivedCall& call) {
    if (is_query(call)) return broken();
    if (asks(call, "credit")) return ok(call);
    return asks(call, "rollback") ? says("TRANSACTION_CONFLICT") : broken();
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  EXPECT_EQ(word_of(move({credit, "win-1", "ana", 400, "round-1"})), "OK");
  resolve();
  EXPECT_EQ(state_of("bet-1"), "SUCCESS");
  EXPECT_EQ(owed(), -150);
}

TEST_F(OperatorWalletTest, WhatStaysUnclearForThreeDaysNeedsAPerson) {
  start([](int, const ReceivedCall&) { return broken(); });
  EXPECT_EQ(word_of(move({credit, "win-1", "ana", 250, "round-1"})), "PENDING");
  resolve();
  EXPECT_EQ(state_of("win-1", credit), "PENDING");
  resolve(72 * 3'600);
  EXPECT_EQ(state_of("win-1", credit), "PENDING stuck");
}

TEST_F(OperatorWalletTest, ACreditIsSentAgainUntilItIsBooked) {
  start([](int number, const ReceivedCall& call) { return number < 3 ? broken() : ok(call); });
  const auto win = move({credit, "win-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(win), "PENDING");
  resolve();
  EXPECT_EQ(state_of("win-1", credit), "PENDING");
  resolve();
  EXPECT_EQ(state_of("win-1", credit), "SUCCESS");
  EXPECT_EQ(owed(), -250);
  for (const ReceivedCall& call : provider->calls())
    EXPECT_EQ(text_in(call.body, "transactionId"), win->transaction.id.str());
}

TEST_F(OperatorWalletTest, ARollbackOfASettledDebitMovesTheMoneyBack) {
  start([](int, const ReceivedCall& call) { return ok(call); });
  const auto bet = move({debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(move({rollback, "rb-1", "ana", {}, "bet-1"})), "OK");
  EXPECT_EQ(text_in(provider->calls().back().body, "refId"), bet->transaction.id.str());
  EXPECT_EQ(owed(), 0);
  EXPECT_EQ(state_of("bet-1"), "ROLLED_BACK");
}

TEST_F(OperatorWalletTest, ARollbackOfAPendingDebitEndsBoth) {
  start([](int, const ReceivedCall& call) { return asks(call, "rollback") ? ok(call) : broken(); });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "PENDING");
  EXPECT_EQ(word_of(move({rollback, "rb-1", "ana", {}, "bet-1"})), "OK");
  EXPECT_EQ(state_of("bet-1"), "ROLLED_BACK");
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "already_rolled_back");
  EXPECT_EQ(owed(), 0);
  EXPECT_EQ(world.faults(), Words{});
}

TEST_F(OperatorWalletTest, ARollbackOfWhatTheOperatorHasUndoneIsDone) {
  start([](int, const ReceivedCall& call) {
    return asks(call, "rollback") ? says("ALREADY_ROLLED_BACK") : ok(call);
  });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "OK");
  EXPECT_EQ(word_of(move({rollback, "rb-1", "ana", {}, "bet-1"})), "OK");
  EXPECT_EQ(owed(), 0);
}

TEST_F(OperatorWalletTest, ATombstoneStopsTheDebitBeforeTheOperatorHearsOfIt) {
  start([](int, const ReceivedCall& call) { return ok(call); });
  const auto tombstone = move({rollback, "rb-1", "ana", {}, "bet-1"});
  EXPECT_EQ(word_of(tombstone), "OK");
  EXPECT_EQ(tombstone->transaction.balance_minor, std::nullopt);
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "already_rolled_back");
  EXPECT_EQ(provider->calls().size(), 0U);
}

TEST_F(OperatorWalletTest, AFrozenMirrorAccountLeavesTheDebitToAPerson) {
  start([](int, const ReceivedCall& call) { return ok(call); });
  EXPECT_EQ(word_of(move({debit, "bet-1", "ana", 250, "round-1"})), "OK");
  const auto freeze = [](const ledger::Account& before) -> Result<ledger::Account> {
    ledger::Account after = before;
    after.frozen = true;
    return after;
  };
  ASSERT_TRUE(world.database->write([&](sql::Tx& tx) {
    return world.ledger.change_account(tx, {test_tenant, "key_1", ""},
                                       {{}, books::operator_code(acme->partner, eur())}, freeze);
  }));
  EXPECT_EQ(word_of(move({debit, "bet-2", "ana", 100, "round-2"})), "PENDING");
  EXPECT_EQ(state_of("bet-2"), "PENDING stuck");
}

TEST_F(OperatorWalletTest, APersonDecidesWhatIsStuck) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "9.99")) : broken();
  });
  const auto decide = [&](const std::string& key, const Resolution& resolution) {
    const WalletTransactionId id = stored(key).id;
    EXPECT_TRUE(world.database->write([&](sql::Tx& tx) {
      return settlement.conclude(tx, acme->partner, id, resolution, {test_tenant, "key_7"});
    }));
  };
  for (const char* key : {"bet-1", "bet-2"})
    EXPECT_EQ(word_of(move({debit, key, "ana", 250, key})), "PENDING");
  resolve();
  Resolution booked;
  booked.answer.meaning = operators::Meaning::done;
  decide("bet-1", booked);
  decide("bet-2", {Resolution::Kind::undone, {}});
  EXPECT_EQ(state_of("bet-1"), "SUCCESS");
  EXPECT_EQ(state_of("bet-2"), "ROLLED_BACK");
  EXPECT_EQ(owed(), 250);
}

TEST_F(OperatorWalletTest, AMovementThatWasCutOffByACrashIsTakenUpAgain) {
  start([](int, const ReceivedCall& call) {
    return is_query(call) ? listed(row_of(call, "2.50")) : ok(call);
  });
  // What a crash between the row and the call leaves: a pending row, and nobody at it.
  WalletTransaction row;
  row.id = {world.ids.next()};
  row.tenant = test_tenant;
  row.partner = acme->partner.id;
  row.state = State::pending;
  row.key = "bet-1";
  row.player = "ana";
  row.currency = eur();
  row.amount_minor = 250;
  row.ref = "round-1";
  row.created_at = row.updated_at = clock.now();
  row.next_check = clock.now().plus_seconds(30);
  ASSERT_TRUE(world.database->write([&](sql::Tx& tx) { return store::insert(tx, row); }));
  // A node that does not resolve counts it, too.
  const auto pending = [&] {
    EXPECT_TRUE(resolver.measure());
    return world.metrics.gauge("florin_hub_pending_transactions", "").value();
  };
  EXPECT_EQ(pending(), 1);
  resolve(31);
  EXPECT_EQ(pending(), 0);
  EXPECT_EQ(state_of("bet-1"), "SUCCESS");
  EXPECT_EQ(owed(), 250);
}

}  // namespace
}  // namespace florin::hub
