#include "hub/wallet/internal_wallet.h"

#include <atomic>
#include <future>

#include "base/try.h"
#include "hub/hub_fixture.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/books.h"
#include "hub/wallet/store.h"
#include "platform/sql/damage.h"
#include "platform/sql/temporary_folder.h"

namespace florin::hub {
namespace {

using testing::Test;
using Words = std::vector<std::string>;

constexpr Kind debit = Kind::debit;
constexpr Kind credit = Kind::credit;
constexpr Kind rollback = Kind::rollback;

class InternalWalletTest : public HubTest {
 protected:
  InternalWalletTest() { world.fund(acme, "ana", 1'000); }

  std::string word(const Call& call) { return word_of(world.move(acme, call)); }
  std::int64_t ana() { return world.balance_of(acme, "ana"); }
  std::int64_t games() { return world.balance(books::games_code(acme->partner, eur())); }
};

TEST_F(InternalWalletTest, DebitAndCreditMoveBetweenTheWalletAndTheGames) {
  const auto bet = world.move(acme, {debit, "bet-1", "ana", 250, "round-1"});
  EXPECT_EQ(word_of(bet), "OK");
  EXPECT_EQ(bet->transaction.balance_minor, 750);
  const auto win = world.move(acme, {credit, "win-1", "ana", 400, "round-1"});
  EXPECT_EQ(win->transaction.balance_minor, 1'150);
  EXPECT_EQ(win->transaction.target, bet->transaction.id);
  EXPECT_EQ(games(), -1'150);
  EXPECT_EQ(world.faults(), Words{});
}

TEST_F(InternalWalletTest, AWordThatAMovementCannotHaveIsDamageAndNothingElse) {
  for (const std::string column : {"state", "kind", "currency"}) {
    const auto made = world.move(acme, {debit, "bet-" + column, "ana", 1, column});
    ASSERT_EQ(word_of(made), "OK");
    EXPECT_TRUE(sql::damage(*world.database, "UPDATE hub_transactions SET " + column +
                                                 " = 'ZZZ' WHERE ref = '" + column + "'"));
    const auto read = world.database->read(
        [&](sql::Tx& tx) { return store::find(tx, test_tenant, made->transaction.id); });
    ASSERT_FALSE(read) << column;
    EXPECT_EQ(read.error().code.name, "store_corrupt");
    EXPECT_TRUE(read.error().detail.starts_with("hub_transactions." + column));
    // A query that names its tenant, or partner, does not even look at the row of another.
    const auto by_others = world.database->read([&](sql::Tx& tx) -> Result<bool> {
      const WalletTransactionId id = made->transaction.id;
      const auto of_tenant = TRY(store::find(tx, TenantId{2}, id));
      const auto of_partner = TRY(store::find(tx, PartnerId{2}, id));
      return of_tenant || of_partner;
    });
    ASSERT_TRUE(by_others) << column;
    EXPECT_FALSE(*by_others);
  }
  EXPECT_EQ(word_of(world.move(acme, {debit, "bet-state", "ana", 1, "state"})), "store_corrupt");
}

TEST_F(InternalWalletTest, TheSameKeyIsAnsweredTheSameAndMovesOnce) {
  const Call bet{debit, "bet-1", "ana", 250, "round-1"};
  const auto first = world.move(acme, bet);
  const auto second = world.move(acme, bet);
  EXPECT_FALSE(first->is_replay);
  EXPECT_TRUE(second->is_replay);
  EXPECT_EQ(answer_of(*second).body, answer_of(*first).body);
  EXPECT_EQ(answer_of(*second).status, 201);
  EXPECT_EQ(ana(), 750);
}

TEST_F(InternalWalletTest, TheSameKeyWithAnotherRequestIsRefused) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-1", "ana", 251, "round-1"}), "idempotency_mismatch");
  EXPECT_EQ(ana(), 750);
}

TEST_F(InternalWalletTest, KeysBelongToTheirPartnerAndRoute) {
  const PartnerPtr other = world.add_partner("other");
  world.fund(other, "ana", 100);
  EXPECT_EQ(word({debit, "one", "ana", 1, "round-1"}), "OK");
  EXPECT_EQ(word({credit, "one", "ana", 1, "round-1"}), "OK");
  EXPECT_EQ(word_of(world.move(other, {debit, "one", "ana", 1, "round-1"})), "OK");
}

TEST_F(InternalWalletTest, RefusesWhatTheWalletDoesNotCoverAndRemembersIt) {
  const Call bet{debit, "bet-1", "ana", 1'001, "round-1"};
  const auto first = world.move(acme, bet);
  EXPECT_EQ(word_of(first), "insufficient_funds");
  EXPECT_EQ(answer_of(*first).status, 402);
  world.fund(acme, "ana2", 5);
  EXPECT_EQ(word({credit, "gift", "ana", 1'000, "gift"}), "OK");
  const auto again = world.move(acme, bet);
  EXPECT_TRUE(again->is_replay);
  EXPECT_EQ(answer_of(*again).body, answer_of(*first).body);
  EXPECT_EQ(ana(), 2'000);
}

TEST_F(InternalWalletTest, ADebitOfAnUnknownPlayerOpensNoWallet) {
  EXPECT_EQ(word({debit, "bet-1", "nobody", 1, "round-1"}), "insufficient_funds");
  EXPECT_FALSE(
      world.queries.account(test_tenant, {{}, books::wallet_code(acme->partner, "nobody", eur())}));
}

TEST_F(InternalWalletTest, OfTwoDebitsOfTheLastMoneyOneIsTaken) {
  const auto outcomes = world.move_all(
      acme, {{debit, "bet-1", "ana", 700, "round-1"}, {debit, "bet-2", "ana", 700, "round-2"}});
  EXPECT_EQ(word_of(outcomes[0]), "OK");
  EXPECT_EQ(word_of(outcomes[1]), "insufficient_funds");
  EXPECT_EQ(ana(), 300);
}

TEST_F(InternalWalletTest, DuplicatesThatArriveTogetherMoveOnce) {
  const Call bet{debit, "bet-1", "ana", 100, "round-1"};
  const auto outcomes = world.move_all(acme, std::vector<Call>(20, bet));
  int replays = 0;
  for (const auto& outcome : outcomes) {
    EXPECT_EQ(word_of(outcome), "OK");
    replays += outcome->is_replay ? 1 : 0;
  }
  EXPECT_EQ(replays, 19);
  EXPECT_EQ(ana(), 900);
}

TEST_F(InternalWalletTest, ARollbackGivesTheDebitBackOnce) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "OK");
  const auto undone = world.move(acme, {rollback, "rb-1", "", {}, "bet-1"});
  EXPECT_EQ(word_of(undone), "OK");
  EXPECT_EQ(undone->transaction.amount_minor, 250);
  EXPECT_EQ(undone->transaction.player, "ana");
  EXPECT_EQ(undone->transaction.balance_minor, 1'000);
  const auto second = world.move(acme, {rollback, "rb-2", "ana", 250, "bet-1"});
  EXPECT_EQ(word_of(second), "OK");
  EXPECT_EQ(second->transaction.amount_minor, 0);
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ARollbackNamesItsDebitByIdKeyOrRound) {
  const auto bet = world.move(acme, {debit, "bet-1", "ana", 10, "round-1"});
  EXPECT_EQ(word({debit, "bet-2", "ana", 20, "round-2"}), "OK");
  EXPECT_EQ(word({debit, "bet-3", "ana", 30, "round-3"}), "OK");
  EXPECT_EQ(ana(), 940);
  EXPECT_EQ(word({rollback, "rb-1", "ana", 10, bet->transaction.id.str()}), "OK");
  EXPECT_EQ(word({rollback, "rb-2", "ana", 20, "bet-2"}), "OK");
  EXPECT_EQ(word({rollback, "rb-3", "ana", 30, "round-3"}), "OK");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ARollbackBeforeItsDebitLeavesATombstone) {
  EXPECT_EQ(word({rollback, "rb-1", "ana", {}, "bet-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "already_rolled_back");
  EXPECT_EQ(word({rollback, "rb-2", "ana", {}, "round-2"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "ana", 250, "round-2"}), "already_rolled_back");
  EXPECT_EQ(word({credit, "win-2", "ana", 250, "round-2"}), "already_rolled_back");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ARollbackAndItsDebitThatArriveTogetherKeepTheirOrder) {
  const auto outcomes = world.move_all(acme, {{rollback, "rb-1", "ana", {}, "bet-1"},
                                              {debit, "bet-1", "ana", 250, "round-1"},
                                              {debit, "bet-2", "ana", 100, "round-2"},
                                              {rollback, "rb-2", "ana", {}, "bet-2"},
                                              {credit, "win-2", "ana", 300, "round-2"}});
  Words words;
  for (const auto& outcome : outcomes) words.push_back(word_of(outcome));
  EXPECT_EQ(words, (Words{"OK", "already_rolled_back", "OK", "OK", "already_rolled_back"}));
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, TwoNamesOfOneDebitDoNotHideItFromEachOther) {
  const auto bet = world.move(acme, {debit, "bet-1", "ana", 250, "round-1"});
  const auto outcomes =
      world.move_all(acme, {{rollback, "rb-1", "ana", {}, bet->transaction.id.str()},
                            {rollback, "rb-2", "ana", {}, "bet-1"},
                            {credit, "win-1", "ana", 500, "round-1"}});
  EXPECT_EQ(word_of(outcomes[0]), "OK");
  EXPECT_EQ(outcomes[1]->transaction.amount_minor, 0);
  EXPECT_EQ(word_of(outcomes[2]), "already_rolled_back");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ASettledDebitIsNotRolledBack) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "OK");
  EXPECT_EQ(word({credit, "win-1", "ana", 100, "round-1"}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "ana", {}, "bet-1"}), "transaction_conflict");
  EXPECT_EQ(ana(), 850);
}

TEST_F(InternalWalletTest, WhatDoesNotFitTheDebitIsAConflict) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "OK");
  const auto bet = world.move(acme, {debit, "bet-2", "ana", 1, "round-2"});
  const std::string id = bet->transaction.id.str();
  EXPECT_EQ(word({rollback, "rb-1", "bob", {}, id}), "transaction_conflict");
  EXPECT_EQ(word({rollback, "rb-2", "ana", 251, "bet-1"}), "transaction_conflict");
  EXPECT_EQ(word({rollback, "rb-3", "ana", 250, "bet-1", *Currency::parse("USD")}),
            "transaction_conflict");
  EXPECT_EQ(word({credit, "win-1", "bob", 1, id}), "transaction_conflict");
  const auto win = world.move(acme, {credit, "win-2", "ana", 1, "bet-1"});
  EXPECT_EQ(word({rollback, "rb-4", "ana", {}, win->transaction.id.str()}), "transaction_conflict");
}

TEST_F(InternalWalletTest, ACreditOfARefusedDebitIsAConflict) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 9'999, "round-1"}), "insufficient_funds");
  EXPECT_EQ(word({credit, "win-1", "ana", 1, "bet-1"}), "transaction_conflict");
}

TEST_F(InternalWalletTest, SeveralCreditsPerDebitAreAllowed) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 250, "round-1"}), "OK");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(word({credit, "win-" + std::to_string(i), "ana", 100, "round-1"}), "OK");
  EXPECT_EQ(ana(), 1'050);
}

TEST_F(InternalWalletTest, ACreditWithoutADebitIsTaken) {
  EXPECT_EQ(word({credit, "promo-1", "new-player", 500, "promo"}), "OK");
  EXPECT_EQ(world.balance_of(acme, "new-player"), 500);
}

TEST_F(InternalWalletTest, AmountsOfZeroAreLegal) {
  const auto free_round = world.move(acme, {debit, "bet-1", "ana", 0, "round-1"});
  EXPECT_EQ(word_of(free_round), "OK");
  EXPECT_EQ(free_round->transaction.balance_minor, 1'000);
  EXPECT_EQ(word({credit, "win-1", "ana", 0, "round-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "stranger", 0, "round-2"}), "OK");
}

TEST_F(InternalWalletTest, ABlockedPlayerCannotBetButStillWins) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "round-1"}), "OK");
  world.change_wallet(acme, "ana", [](ledger::Account& wallet) { wallet.frozen = true; });
  EXPECT_EQ(word({debit, "bet-2", "ana", 100, "round-2"}), "player_blocked");
  EXPECT_EQ(word({debit, "bet-3", "ana", 0, "round-3"}), "player_blocked");
  const auto win = world.move(acme, {credit, "win-1", "ana", 300, "round-1"});
  EXPECT_EQ(word_of(win), "OK");
  EXPECT_EQ(win->transaction.balance_minor, 900);
  EXPECT_EQ(ana(), 900);
  EXPECT_EQ(world.balance(books::suspense_code(acme->partner, eur())), 300);
}

TEST_F(InternalWalletTest, AWinAboveTheCeilingOfTheWalletRestsInSuspense) {
  world.change_wallet(acme, "ana", [](ledger::Account& wallet) { wallet.max_balance = 1'100; });
  EXPECT_EQ(word({credit, "win-1", "ana", 500, "round-1"}), "OK");
  EXPECT_EQ(ana(), 1'000);
  EXPECT_EQ(world.balance(books::suspense_code(acme->partner, eur())), 500);
  EXPECT_EQ(world.faults(), Words{});
}

TEST_F(InternalWalletTest, ATombstoneIsOfItsPlayerAndCurrency) {
  const Currency usd = *Currency::parse("USD");
  EXPECT_EQ(word({credit, "fund-bob", "bob", 1'000, "fund"}), "OK");
  EXPECT_EQ(word({credit, "fund-usd", "ana", 1'000, "fund", usd}), "OK");
  Call early{rollback, "rb-1", "ana", {}, "draw-1"};
  early.names_currency = true;
  EXPECT_EQ(word(early), "OK");
  EXPECT_EQ(word({debit, "bet-1", "bob", 10, "draw-1"}), "OK");
  EXPECT_EQ(word({credit, "win-1", "bob", 20, "draw-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "ana", 10, "draw-1", usd}), "OK");
  EXPECT_EQ(word({debit, "bet-3", "ana", 10, "draw-1"}), "already_rolled_back");
  EXPECT_EQ(word({debit, "draw-1", "bob", 10, "draw-2"}), "OK");
}

TEST_F(InternalWalletTest, ATombstoneThatNamesNoPlayerIsOfWhoeverBets) {
  EXPECT_EQ(word({rollback, "rb-1", "", {}, "draw-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-1", "ana", 10, "draw-1"}), "already_rolled_back");
}

TEST_F(InternalWalletTest, AKeyOfOnePlayerIsNotARoundOfAnother) {
  EXPECT_EQ(word({debit, "1001", "ana", 250, "round-1"}), "OK");
  EXPECT_EQ(word({credit, "win-1", "bob", 40, "1001"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "bob", 30, "1001"}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "bob", {}, "1001"}), "OK");
  EXPECT_EQ(world.balance_of(acme, "bob"), 40);
  EXPECT_EQ(ana(), 750);
  EXPECT_EQ(word({rollback, "rb-2", "ana", {}, "1001"}), "OK");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ARoundOfSeveralPlayersIsRolledBackByNamingOne) {
  EXPECT_EQ(word({credit, "fund-bob", "bob", 1'000, "fund"}), "OK");
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "draw-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "bob", 100, "draw-1"}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "", {}, "draw-1"}), "transaction_conflict");
  EXPECT_EQ(word({rollback, "rb-2", "ana", {}, "draw-1"}), "OK");
  EXPECT_EQ(ana(), 1'000);
  EXPECT_EQ(world.balance_of(acme, "bob"), 900);
}

TEST_F(InternalWalletTest, ABetIsFoundAmongThousandsOfItsRound) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "draw-1"}), "OK");
  std::vector<Call> others;
  for (int i = 0; i < 1'100; ++i) {
    const std::string n = std::to_string(i);
    others.push_back({credit, "win-" + n, "player-" + n, 1, "draw-1"});
  }
  world.move_all(acme, others);
  const auto undone = world.move(acme, {rollback, "rb-1", "ana", {}, "draw-1"});
  EXPECT_EQ(undone->transaction.amount_minor, 100);
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ABetInTheSameCurrencyIsMeantBeforeOneInAnother) {
  const Currency usd = *Currency::parse("USD");
  EXPECT_EQ(word({credit, "fund-usd", "ana", 1'000, "fund", usd}), "OK");
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "round-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "ana", 100, "round-1", usd}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "ana", 100, "round-1"}), "OK");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ACreditIsNotRolledBackByAnyName) {
  EXPECT_EQ(word({credit, "promo-1", "ana", 50, "bonus-1"}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "ana", {}, "promo-1"}), "transaction_conflict");
  EXPECT_EQ(word({rollback, "rb-2", "ana", {}, "bonus-1"}), "transaction_conflict");
  EXPECT_EQ(word({rollback, "rb-3", "", {}, "promo-1"}), "transaction_conflict");
  EXPECT_EQ(word({debit, "promo-1", "ana", 10, "round-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "ana", 10, "promo-1"}), "OK");
  EXPECT_EQ(word({debit, "bet-3", "ana", 10, "bonus-1"}), "OK");
}

TEST_F(InternalWalletTest, ACapturedCallIsRefusedOnEveryOtherRoute) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "round-1", eur(), 7}), "OK");
  EXPECT_EQ(word({credit, "bet-1", "ana", 100, "round-1", eur(), 7}), "signature_replayed");
  EXPECT_EQ(word({rollback, "bet-1", "ana", 100, "round-1", eur(), 7}), "signature_replayed");
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "round-1", eur(), 7}), "OK");
  EXPECT_EQ(word({rollback, "rb-1", "ana", {}, "round-1", eur(), 8}), "OK");
  EXPECT_EQ(word({rollback, "rb-2", "ana", {}, "round-1", eur(), 8}), "signature_replayed");
  EXPECT_EQ(ana(), 1'000);
}

TEST_F(InternalWalletTest, ACapturedCallIsRefusedHoweverLongItsRoundIs) {
  EXPECT_EQ(word({debit, "bet", "ana", 1, "round-1", eur(), 7}), "OK");
  std::vector<Call> later;
  for (int i = 0; i < 1'010; ++i)
    later.push_back({credit, "win-" + std::to_string(i), "ana", 1, "round-1"});
  world.move_all(acme, later);
  EXPECT_EQ(word({credit, "another", "ana", 1, "round-1", eur(), 7}), "signature_replayed");
}

TEST_F(InternalWalletTest, ACapturedCallIsRefusedUnderAnotherKey) {
  EXPECT_EQ(word({debit, "bet-1", "ana", 100, "round-1", eur(), 7}), "OK");
  EXPECT_EQ(word({debit, "bet-2", "ana", 100, "round-1", eur(), 7}), "signature_replayed");
  EXPECT_EQ(word({debit, "bet-2", "ana", 100, "round-1", eur(), 8}), "OK");
  EXPECT_EQ(ana(), 800);
}

TEST_F(InternalWalletTest, EveryMovementLeavesItsEvent) {
  word({debit, "bet-1", "ana", 250, "round-1"});
  word({debit, "bet-2", "ana", 9'999, "round-2"});
  word({rollback, "rb-1", "ana", {}, "bet-1"});
  EXPECT_EQ(world.event_types(),
            (Words{"wallet.credit.completed", "wallet.debit.completed", "wallet.debit.failed",
                   "wallet.rollback.completed", "wallet.debit.rolled_back"}));
}

TEST_F(InternalWalletTest, APlayersNameMayHoldAnything) {
  const std::string name = "Zoë:@ 100% / \"x\"";
  EXPECT_EQ(word({credit, "win-1", name, 5, "promo"}), "OK");
  EXPECT_EQ(world.balance("player:acme:Zo@c3@ab@3a@40@20100@25@20@2f@20@22x@22:EUR"), 5);
}

TEST_F(InternalWalletTest, MoreThanMayWaitAreTurnedAway) {
  constexpr int most = 50'000;
  std::promise<void> go;
  world.database->submit(
      [gone = go.get_future().share()](sql::Tx&) -> Result<void> {
        gone.wait();
        return {};
      },
      [](const Result<void>&) {});
  const Movement bet = movement_of({debit, "bet-1", "ana", 1, "round-1"});
  std::atomic<int> busy = 0;
  std::promise<void> all;
  std::atomic<int> left = most + 1;
  for (int i = 0; i <= most; ++i) {
    world.wallet.submit(acme, bet, [&](const Result<MovementResult>& settled) {
      if (word_of(settled) == "hub_busy") ++busy;
      if (--left == 0) all.set_value();
    });
  }
  EXPECT_EQ(busy, 1);
  go.set_value();
  all.get_future().wait();
  EXPECT_EQ(ana(), 999);
}

TEST_F(InternalWalletTest, AnswersComeBackAfterARestart) {
  const sql::TemporaryFolder folder = std::move(*sql::TemporaryFolder::make());
  const std::string path = folder.path() + "/hub.db";
  const Call bet{debit, "bet-1", "ana", 250, "round-1"};
  std::string body;
  {
    World before(clock, path);
    const PartnerPtr partner = before.add_partner("acme");
    before.fund(partner, "ana", 1'000);
    body = answer_of(*before.move(partner, bet)).body;
  }
  World after(clock, path);
  const auto replay = after.move(after.partners.by_code("acme"), bet);
  EXPECT_TRUE(replay->is_replay);
  EXPECT_EQ(answer_of(*replay).body, body);
}

}  // namespace
}  // namespace florin::hub
