// The ledger as other modules use it: inside their units of work, across restarts, and proved by
// verify.
#include "idempotency/errors.h"
#include "ledger/anchor.h"
#include "ledger/errors.h"
#include "ledger/ledger_fixture.h"
#include "ledger/verify.h"
#include "platform/sql/sealer.h"
#include "platform/sql/temporary_folder.h"

namespace florin::ledger {
namespace {

class UnitOfWork : public LedgerTest {};

TEST_F(UnitOfWork, ATransferLivesAndDiesWithTheWorkAroundIt) {
  const auto attempt = [&](bool fails) {
    return books.database->write_work([&](sql::Tx& tx) -> Result<void> {
      const auto posted = books.service.post(tx, transfer("ana", "shop", 100));
      EXPECT_TRUE(posted && std::holds_alternative<Transfer>(*posted));
      if (fails) return Error{florin::errors::internal_error, "the rest failed"};
      return {};
    });
  };
  const EventId before = *books.events.newest();
  EXPECT_FALSE(attempt(true));
  EXPECT_EQ(books.balance("shop"), 0);
  EXPECT_EQ(*books.events.newest(), before);
  EXPECT_TRUE(attempt(false));
  EXPECT_EQ(books.balance("shop"), 100);
  EXPECT_TRUE(books.faults().empty());
}

TEST_F(UnitOfWork, ARefusalInsideItLeavesTheChoiceToTheCaller) {
  ASSERT_TRUE(books.database->write_work([&](sql::Tx& tx) -> Result<void> {
    const auto refused = books.service.post(tx, transfer("shop", "ana", 1));
    EXPECT_EQ(std::get<Error>(*refused).code, errors::insufficient_funds);
    const auto posted = books.service.post(tx, transfer("ana", "shop", 1));
    EXPECT_TRUE(std::holds_alternative<Transfer>(*posted));
    return {};
  }));
  EXPECT_EQ(books.balance("shop"), 1);
}

TEST_F(UnitOfWork, AKeyRepeatedWithinOneBatchPostsOnce) {
  Command command = transfer("ana", "shop", 10);
  command.key = idempotency::Key{{1}, {2}, idempotency::Lifetime::forever};
  Command other = command;
  other.key->request = {3};
  std::vector<Outcome> outcomes(3);
  ASSERT_TRUE(books.database->write_work([&](sql::Tx& tx) -> Result<void> {
    outcomes[0] = *books.service.post(tx, command);
    outcomes[1] = *books.service.post(tx, command);
    outcomes[2] = *books.service.post(tx, other);
    return {};
  }));
  const Transfer& first = std::get<Transfer>(outcomes[0]);
  EXPECT_EQ(std::get<Transfer>(std::get<Replay>(outcomes[1]).made).id, first.id);
  EXPECT_EQ(std::get<Error>(outcomes[2]).code, idempotency::errors::idempotency_mismatch);
  EXPECT_EQ(books.balance("shop"), 10);
}

TEST_F(UnitOfWork, TheEventNamesWhoDidIt) {
  ASSERT_EQ(books.move("ana", "shop", 1), "");
  const auto page = *books.events.list(test_tenant, {.type = "transaction.executed"}, {}, 1);
  EXPECT_EQ(page.events.at(0).actor, "key_1");
  EXPECT_EQ(page.events.at(0).request_id, "req_1");
}

TEST_F(UnitOfWork, TimesAndIdsGrowThoughTheClockStepsBack) {
  ASSERT_EQ(books.move("ana", "shop", 1), "");
  clock.advance_seconds(-3'600);
  ASSERT_EQ(books.move("ana", "shop", 1), "");
  const auto page = *books.queries.transfers(test_tenant, {}, {2, 0});
  EXPECT_GT(page.rows[0].transfer.id, page.rows[1].transfer.id);
  EXPECT_GE(page.rows[0].transfer.created_at, page.rows[1].transfer.created_at);
}

TEST_F(UnitOfWork, ALongHistoryIsWalkedByLinksAndFoundByCheckpoints) {
  std::vector<Timestamp> times;
  for (int i = 0; i < 300; ++i) {
    clock.advance_seconds(60);
    ASSERT_EQ(books.move("ana", "shop", 1), "");
    times.push_back(clock.now());
  }
  const AccountRef shop{{}, "shop"};
  for (const std::size_t i : {0, 1, 62, 63, 64, 127, 128, 200, 299}) {
    EXPECT_EQ(books.queries.balance_at(test_tenant, shop, times[i])->balance_minor,
              static_cast<std::int64_t>(i) + 1);
    EXPECT_EQ(books.queries.balance_at(test_tenant, shop, times[i].plus_us(-1))->balance_minor,
              static_cast<std::int64_t>(i));
  }
  std::int64_t expected = 300;
  PageRequest page{70, 0};
  do {
    const Statement statement = *books.queries.statement(test_tenant, shop, {}, page);
    for (const StatementEntry& entry : statement.entries.rows)
      EXPECT_EQ(entry.balance_minor, expected--);
    page.start = statement.entries.next;
  } while (page.start != 0);
  EXPECT_EQ(expected, 0);
  const Statement part =
      *books.queries.statement(test_tenant, shop, {times[100], times[103]}, {50, 0});
  ASSERT_EQ(part.entries.rows.size(), 3u);
  EXPECT_EQ(part.entries.rows[0].balance_minor, 103);
}

TEST_F(UnitOfWork, ABackdatedTransferCountsFromItsEffectiveTime) {
  const Timestamp opened = clock.now();
  clock.advance_seconds(1'000);
  Command command = transfer("ana", "shop", 7);
  std::get<PostTransfer>(command.body).effective_at = opened.plus_seconds(500);
  ASSERT_TRUE(std::holds_alternative<Transfer>(books.service.execute(command)));
  const auto at = [&](std::int64_t seconds) {
    return books.queries.balance_at(test_tenant, {{}, "shop"}, opened.plus_seconds(seconds))
        ->balance_minor;
  };
  EXPECT_EQ(at(499), 0);
  EXPECT_EQ(at(500), 7);
  EXPECT_EQ(at(1'000), 7);
  std::get<PostTransfer>(command.body).effective_at = clock.now().plus_us(1);
  EXPECT_EQ(std::get<Error>(books.service.execute(command)).code, errors::effective_at_in_future);
}

TEST_F(UnitOfWork, AHoldEndsAtItsTimeWhetherSweptOrNot) {
  const Hold hold = books.place(hold_of({posting("ana", "shop", 100)}, 60));
  clock.advance_seconds(60);
  EXPECT_EQ(*books.service.expire_holds(), 1);
  EXPECT_EQ(*books.service.expire_holds(), 0);
  EXPECT_EQ(books.queries.hold(test_tenant, hold.id)->status, HoldStatus::expired);
  EXPECT_EQ(books.available("ana"), 1'000);
}

TEST_F(UnitOfWork, VerifyFindsEachKindOfTampering) {
  ASSERT_EQ(books.move("ana", "shop", 5), "");
  books.place(hold_of({posting("ana", "shop", 100)}));
  ASSERT_TRUE(books.faults().empty());

  struct Forgery {
    std::string sql, undo;
    std::vector<std::string> found;
  };
  const std::vector<Forgery> forgeries{
      {"UPDATE transfers SET metadata = '{\"a\":1}' WHERE id = (SELECT max(id) FROM transfers)",
       "UPDATE transfers SET metadata = '{}'",
       {"hash chain"}},
      {"UPDATE postings SET amount_minor = 6 WHERE amount_minor = 5",
       "UPDATE postings SET amount_minor = 5 WHERE amount_minor = 6",
       {"hash chain", "account histories", "balances"}},
      {"UPDATE balances SET credits_posted = credits_posted + 1 WHERE credits_posted = 5",
       "UPDATE balances SET credits_posted = 5 WHERE credits_posted = 6",
       {"balances", "debits equal credits"}},
      {"UPDATE hold_postings SET remaining = 99",
       "UPDATE hold_postings SET remaining = 100",
       {"holds", "balances"}},
      {"UPDATE chain_links SET records = records + 1 WHERE sequence = 1",
       "UPDATE chain_links SET records = records - 1 WHERE sequence = 1",
       {"hash chain"}},
      {"UPDATE hold_changes SET kind = 'released'",
       "UPDATE hold_changes SET kind = 'placed'",
       {"hash chain", "holds"}},
  };
  for (const Forgery& forgery : forgeries) {
    books.tamper(forgery.sql);
    EXPECT_EQ(books.faults(), forgery.found) << forgery.sql;
    books.tamper(forgery.undo);
    EXPECT_TRUE(books.faults().empty()) << forgery.undo;
  }
  books.tamper("DELETE FROM chain_links WHERE sequence = 1");
  EXPECT_EQ(books.faults(), std::vector<std::string>{"hash chain"});
}

/// Books whose database has a key.
class SealedBooks : public LedgerTest {
 protected:
  SealedBooks() {
    books.database->seal_with(sealer("a master key of the tests"));
    books.open("eve");
    EXPECT_EQ(books.move("ana", "shop", 5), "");
    books.place(hold_of({posting("ana", "shop", 100)}));
  }
  static std::shared_ptr<sql::Sealer> sealer(const std::string& master) {
    return std::make_shared<sql::Sealer>(crypto::SealKey(Secret(master)),
                                         std::span<const sql::SealedTable>());
  }
};

TEST_F(SealedBooks, WhatEventsTellOfCannotBeChangedByHand) {
  EXPECT_EQ(books.faults(), std::vector<std::string>{});
  struct Forgery {
    std::string sql, found;
  };
  const std::vector<Forgery> forgeries{
      {"UPDATE accounts SET code = 'other' WHERE code = 'eve'", "accounts"},
      {"UPDATE events SET payload = replace(payload, 'eve', 'ewe')", "events"},
      {"UPDATE events SET actor = 'nobody' WHERE id = (SELECT max(id) FROM events)", "events"},
      {"UPDATE events SET request_id = NULL WHERE id = (SELECT max(id) FROM events)", "events"},
      {"DELETE FROM events WHERE type = 'transaction.executed'", "events"},
      {"UPDATE holds SET status = 'released'", "holds"},
      {"UPDATE chain_links SET created_at_us = created_at_us + 1", "hash chain"},
  };
  for (const Forgery& forgery : forgeries) {
    Books own(clock);
    own.database->seal_with(sealer("a master key of the tests"));
    own.open("bank", AccountType::asset, std::nullopt);
    own.open("eve");
    EXPECT_EQ(own.move("bank", "eve", 5), "");
    own.place(hold_of({posting("eve", "bank", 1)}));
    EXPECT_EQ(own.faults(), std::vector<std::string>{});
    own.tamper(forgery.sql);
    const auto faults = own.faults();
    EXPECT_NE(std::find(faults.begin(), faults.end(), forgery.found), faults.end()) << forgery.sql;
  }
}

TEST_F(SealedBooks, AnotherKeyProvesNothing) {
  books.database->seal_with(sealer("another key than before"));
  const Verification result = *verify(*books.database, {});
  EXPECT_TRUE(result.clean());
  EXPECT_GT(result.other_key(), 0);
}

TEST_F(SealedBooks, AnAnchorTellsAnOlderCopyFromTheBooksOfToday) {
  const auto key = books.database->sealer()->key();
  const auto anchor_now = [&] {
    return *books.database->read([&](sql::Tx& tx) { return read_anchor(tx, clock.now()); });
  };
  const auto faults_of = [&](const std::string& line) {
    const SignedAnchor parsed = *parse_anchor(line, key);
    return books.database
        ->read([&](sql::Tx& tx) { return check_anchor(tx, parsed, sql::Progress()); })
        ->faults;
  };
  const std::string line = to_line(anchor_now(), key);
  EXPECT_EQ(books.move("ana", "shop", 1), "");
  EXPECT_EQ(faults_of(line), 0);
  const std::string newest = to_line(anchor_now(), key);
  books.tamper("DELETE FROM chain_links WHERE sequence = (SELECT max(sequence) FROM chain_links)");
  books.tamper("DELETE FROM events WHERE id = (SELECT max(id) FROM events)");
  EXPECT_EQ(faults_of(line), 0);
  EXPECT_EQ(faults_of(newest), 2);

  std::string forged = line;
  forged.replace(forged.find("sequence\":"), 11, "sequence\":1");
  EXPECT_FALSE(parse_anchor(forged, key));
}

TEST(Recovery, GoesOnAfterWhatIsStored) {
  FakeClock clock;
  const auto folder = *sql::TemporaryFolder::make();
  const std::string path = folder.path() + "/books.db";
  TransferId last;
  {
    Books books(clock, path);
    books.open("bank", AccountType::asset, std::nullopt);
    books.open("ana");
    ASSERT_EQ(books.move("bank", "ana", 5), "");
    last = books.queries.transfers(test_tenant, {}, {1, 0})->rows[0].transfer.id;
  }
  clock.advance_seconds(-86'400);
  Books books(clock, path);
  ASSERT_EQ(books.move("bank", "ana", 6), "");
  EXPECT_GT(books.queries.transfers(test_tenant, {}, {1, 0})->rows[0].transfer.id, last);
  EXPECT_EQ(books.balance("ana"), 11);
  EXPECT_TRUE(books.faults().empty());
}

}  // namespace
}  // namespace florin::ledger
