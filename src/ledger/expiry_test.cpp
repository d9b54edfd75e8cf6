// A hold ends at its expires_at for everyone, whether or not the job that ends holds has come by.
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"

namespace florin::ledger {
namespace {

/// A hold of all that ana has, at the moment when its time is over; nobody has written that yet.
class Expiry : public LedgerTest {
 protected:
  Expiry() : hold(books.place(hold_of({posting("ana", "shop", 1'000)}, 60))) {
    clock.advance_seconds(60);
  }
  Account account(const std::string& code) {
    return *books.queries.account(test_tenant, AccountRef::parse(code));
  }
  std::vector<HoldId> listed(HoldStatus status) {
    std::vector<HoldId> ids;
    const auto page = books.queries.holds(test_tenant, {status}, {});
    for (const Hold& row : page->rows) ids.push_back(row.id);
    return ids;
  }
  std::vector<std::string> hold_events() {
    std::vector<std::string> types;
    const auto all = books.events.read_after({}, 100);
    for (const events::Event& event : *all) {
      if (event.type.starts_with("hold.")) types.push_back(event.type);
    }
    return types;
  }
  Hold hold;
};

TEST_F(Expiry, AMicrosecondBeforeItTheMoneyIsHeld) {
  clock.set(clock.now().plus_us(-1));
  EXPECT_EQ(books.move("ana", "shop", 1), errors::insufficient_funds.name);
  EXPECT_EQ(books.available("ana"), 0);
  EXPECT_EQ(books.queries.hold(test_tenant, hold.id)->status, HoldStatus::open);
}

TEST_F(Expiry, TheMoneyIsFreeForATransfer) {
  EXPECT_EQ(books.move("ana", "shop", 1'000), "");
  EXPECT_EQ(books.balance("shop"), 1'000);
  EXPECT_EQ(hold_events(), (std::vector<std::string>{"hold.created", "hold.expired"}));
  EXPECT_EQ(*books.service.expire_holds(), 0);
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Expiry, AnAccountThatIsReopenedThoughOpenShowsItsMoneyAsFree) {
  const auto shown = books.database->write([&](sql::Tx& tx) {
    return books.service.reopen_account(tx, test_actor(), AccountRef::parse("ana"));
  });
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->sums.debits_pending, 0);
}

TEST_F(Expiry, TheRoomIsFreeForIncomingMoney) {
  books.open("capped", AccountType::liability, 0, 100);
  books.place(hold_of({posting("bank", "capped", 100)}, 60));
  EXPECT_EQ(books.move("bank", "capped", 1), errors::balance_limit_exceeded.name);
  clock.advance_seconds(60);
  EXPECT_EQ(books.move("bank", "capped", 100), "");
}

TEST_F(Expiry, ItCanBeNeitherCapturedNorReleased) {
  EXPECT_EQ(code_of(books.service.execute(command(ReleaseHold{hold.id}))),
            errors::hold_expired.name);
  EXPECT_EQ(code_of(books.service.execute(command(CaptureHold{hold.id, std::nullopt, false}))),
            errors::hold_expired.name);
  EXPECT_EQ(*books.service.expire_holds(), 0);
}

TEST_F(Expiry, ItIsShownAsExpiredBeforeThatIsWritten) {
  const Hold shown = *books.queries.hold(test_tenant, hold.id);
  EXPECT_EQ(shown.status, HoldStatus::expired);
  EXPECT_EQ(shown.postings[0].remaining, 0);
  EXPECT_EQ(listed(HoldStatus::expired), std::vector<HoldId>{hold.id});
  EXPECT_EQ(listed(HoldStatus::open), std::vector<HoldId>{});
  EXPECT_EQ(*books.service.expire_holds(), 1);
}

TEST_F(Expiry, BalancesShowTheMoneyFreeBeforeThatIsWritten) {
  EXPECT_EQ(books.available("ana"), 1'000);
  EXPECT_EQ(account("ana").sums.debits_pending, 0);
  EXPECT_EQ(account("shop").sums.credits_pending, 0);
  const auto page = books.queries.accounts(test_tenant, {}, {});
  for (const Account& row : page->rows) EXPECT_EQ(incoming_of(row.type, row.sums), 0);
  ASSERT_TRUE(books.database->write_work([&](sql::Tx& tx) -> Result<void> {
    const auto found = books.service.find_account(tx, test_tenant, AccountRef::parse("ana"));
    EXPECT_EQ(available_of((*found)->type, (*found)->sums), 1'000);
    return {};
  }));
}

TEST_F(Expiry, ItDoesNotKeepAnAccountFromBeingClosed) {
  EXPECT_EQ(books.close("shop"), "");
  EXPECT_TRUE(account("shop").closed);
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Expiry, WorkThatFailsLeavesItToBeEndedAgain) {
  EXPECT_FALSE(books.database->write_work([&](sql::Tx& tx) -> Result<void> {
    EXPECT_TRUE(books.service.post(tx, transfer("ana", "shop", 1'000)));
    return Error{florin::errors::internal_error, "the rest failed"};
  }));
  EXPECT_EQ(books.move("ana", "shop", 1'000), "");
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(Expiry, OnlyHoldsOfTheAccountsThatMoveAreEnded) {
  books.open("ben");
  ASSERT_EQ(books.move("bank", "ben", 10), "");
  EXPECT_EQ(*books.service.expire_holds(), 1);
}

}  // namespace
}  // namespace florin::ledger
