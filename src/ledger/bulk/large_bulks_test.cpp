#include "ledger/bulk/large_bulks.h"

#include <atomic>
#include <limits>
#include <random>
#include <thread>

#include "ledger/answers.h"
#include "ledger/bulk/bulk_store.h"
#include "ledger/bulk/slice.h"
#include "ledger/ledger_fixture.h"
#include "platform/sql/errors.h"
#include "platform/sql/test_database.h"

namespace florin::ledger {
namespace {

/// A database of somebody else that takes so many writes and then no more.
class EndingDatabase final : public sql::Database {
 public:
  explicit EndingDatabase(sql::Database& inner) : inner_(inner) {}
  sql::Dialect dialect() const override { return inner_.dialect(); }
  void submit(Work work, Done done, sql::Undo undo) override {
    if (left_-- > 0) return inner_.submit(std::move(work), std::move(done), undo);
    done(Error{sql::errors::store_unavailable, "the database has ended"});
  }
  Result<void> read_work(const Work& work) override { return inner_.read_work(work); }
  sql::WriteStats write_stats() const override { return inner_.write_stats(); }
  Result<void> ping() override { return inner_.ping(); }
  Result<std::vector<std::string>> check_integrity() override { return inner_.check_integrity(); }
  Result<sql::PageReport> check_pages(const sql::PageProgress& progress) override {
    return inner_.check_pages(progress);
  }
  void end_after(int writes) { left_ = writes; }

 private:
  sql::Database& inner_;
  std::atomic<int> left_{std::numeric_limits<int>::max()};
};

constexpr int wallets = 7;
std::string wallet(std::size_t n) { return "wallet:" + std::to_string(n % wallets); }

/// `count` transfers of two postings, 1 minor unit each, from the bank and back from one wallet.
PostBulk bulk_of(std::size_t count, bool atomic = true) {
  PostBulk bulk;
  bulk.atomic = atomic;
  for (std::size_t i = 0; i < count; ++i) {
    PostTransfer transfer =
        transfer_of({posting("bank", wallet(i), 2), posting(wallet(i), wallet(i + 1), 1)});
    transfer.details.reference = "pay " + std::to_string(i);
    bulk.transfers.push_back(std::move(transfer));
  }
  return bulk;
}

constexpr std::size_t many = 900;  // 1,800 postings: four slices.

class LargeBulksTest : public testing::Test {
 protected:
  LargeBulksTest() {
    books.open("bank", AccountType::asset, std::nullopt);
    for (std::size_t n = 0; n < wallets; ++n) books.open(wallet(n));
  }

  std::int64_t count(const std::string& table) {
    std::int64_t rows = -1;
    const std::string text = "SELECT count(*) FROM " + table;
    const sql::Query query{"test.count", text.c_str()};
    EXPECT_TRUE(books.database->read_work([&](sql::Tx& tx) {
      return tx.query(query, {}, [&](const sql::Row& row) {
        rows = row.integer(0);
        return false;
      });
    }));
    return rows;
  }
  /// Posts on a node whose database takes so many writes more; the code of a refusal.
  std::string post_and_end(const Command& wanted, int node, int writes) {
    auto owned = std::make_unique<EndingDatabase>(*books.database);
    EndingDatabase& ending = *owned;
    Books ended(clock, std::move(owned), node);
    EXPECT_TRUE(ended.service.recover());
    ending.end_after(writes);
    return code_of(ended.service.execute(wanted));
  }
  void expect_all_is_written(std::int64_t transfers) {
    EXPECT_EQ(count("transfers"), transfers);
    EXPECT_EQ(count("postings"), 2 * transfers);
    EXPECT_EQ(count("large_bulks"), 0);
    EXPECT_EQ(count("large_bulk_slices"), 0);
    EXPECT_EQ(books.faults(), std::vector<std::string>{});
  }

  FakeClock clock;
  Books books{clock};
};

TEST_F(LargeBulksTest, IsOneThatHasMoreThanAThousandPostings) {
  EXPECT_FALSE(bulk::LargeBulks::is_large(command(bulk_of(500))));
  EXPECT_TRUE(bulk::LargeBulks::is_large(command(bulk_of(501))));
  EXPECT_FALSE(bulk::LargeBulks::is_large(transfer("bank", "wallet:1", 5)));
}

TEST_F(LargeBulksTest, EveryTransferIsThereWhenItIsAnswered) {
  const Outcome outcome = books.service.execute(command(bulk_of(many)));
  const auto* result = std::get_if<BulkResult>(&outcome);
  ASSERT_NE(result, nullptr) << code_of(outcome);
  ASSERT_EQ(result->items.size(), many);
  expect_all_is_written(many);
  for (const BulkItem& item : result->items) {
    const auto view = books.queries.transfer(test_tenant, std::get<BulkDone>(item).transfer);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->transfer.postings.size(), 2u);
  }
  EXPECT_EQ(books.balance("bank"), 2 * static_cast<std::int64_t>(many));
  EXPECT_EQ(count("events"), 1 + wallets + static_cast<std::int64_t>(many));
}

TEST_F(LargeBulksTest, TheSameKeyIsAnsweredWithTheSameTransfers) {
  const std::string first = books.answer_to(command(bulk_of(many), key(1)));
  EXPECT_EQ(books.answer_to(command(bulk_of(many), key(1))), first);
  EXPECT_EQ(code_of(books.service.execute(command(bulk_of(many), key(1, 2)))),
            "idempotency_mismatch");
  expect_all_is_written(many);
}

TEST_F(LargeBulksTest, OneRefusalUndoesAnAtomicBulk) {
  PostBulk wanted = bulk_of(many);
  wanted.transfers.back().postings.push_back(posting(wallet(0), "bank", 1'000'000));
  const auto before = books.footprint();
  EXPECT_EQ(code_of(books.service.execute(command(wanted, key(1)))), "bulk_refused");
  EXPECT_EQ(books.footprint(), before);
  EXPECT_EQ(code_of(books.service.execute(command(wanted, key(1)))), "");  // Replayed.
  EXPECT_EQ(count("large_bulks"), 0);
}

TEST_F(LargeBulksTest, AnIndependentBulkPostsWhatCanBePosted) {
  PostBulk wanted = bulk_of(many, false);
  wanted.transfers[3].postings = {posting(wallet(0), "bank", 1'000'000)};
  const Outcome outcome = books.service.execute(command(wanted));
  const auto& items = std::get<BulkResult>(outcome).items;
  EXPECT_EQ(std::get<Error>(items[3]).code.name, "insufficient_funds");
  expect_all_is_written(many - 1);
}

TEST_F(LargeBulksTest, AReplayGivesTheFirstAnswerByteForByte) {
  const Command wanted = command(bulk_of(many), key(1));
  const std::string first = books.answer_to(wanted);
  const Outcome again = books.service.execute(wanted);
  ASSERT_TRUE(std::holds_alternative<Replay>(again));
  EXPECT_EQ(answer(wanted, again).body, first);
}

TEST_F(LargeBulksTest, ADryRunWritesNothing) {
  Command wanted = command(bulk_of(many), key(1));
  wanted.dry_run = true;
  const auto before = books.footprint();
  EXPECT_TRUE(std::holds_alternative<BulkResult>(books.service.execute(wanted)));
  EXPECT_EQ(books.footprint(), before);
  EXPECT_EQ(books.count_keys(), 0);
}

// Wherever the process ends: what was not promised has left no trace, what was promised is whole
// after the next start, and the key answers as if nothing had happened.
TEST_F(LargeBulksTest, EndingAfterAnyWriteKeepsAllOrNothing) {
  int promised = 0;
  for (int writes = 0; writes < 9; ++writes) {
    const auto before = books.footprint();
    const std::int64_t rows = count("transfers");
    const Command wanted = command(bulk_of(many), key(static_cast<std::uint8_t>(writes + 1)));
    post_and_end(wanted, 0, writes);
    Books next(clock, std::make_unique<EndingDatabase>(*books.database), 0);
    ASSERT_TRUE(next.service.recover());
    const bool is_there = count("transfers") > rows;
    promised += is_there ? 1 : 0;
    if (is_there) {
      expect_all_is_written(rows + static_cast<std::int64_t>(many));
    } else {
      EXPECT_EQ(books.footprint(), before) << "after " << writes << " writes";
    }
    const Outcome again = next.service.execute(wanted);
    EXPECT_EQ(std::holds_alternative<Replay>(again), is_there) << "after " << writes << " writes";
    expect_all_is_written(rows + static_cast<std::int64_t>(many));
    ASSERT_TRUE(books.service.recover());
  }
  EXPECT_GT(promised, 0);
  EXPECT_LT(promised, 9);
}

TEST_F(LargeBulksTest, AnotherNodeWritesOutWhatADeadOnePromised) {
  ASSERT_EQ(post_and_end(command(bulk_of(many)), 5, 3), "");
  ASSERT_EQ(count("large_bulks"), 1);
  EXPECT_EQ(*books.service.take_over_bulks(), 0);  // It may still be at work.
  clock.advance_seconds(61);
  EXPECT_EQ(*books.service.take_over_bulks(), 1);
  expect_all_is_written(many);
}

TEST_F(LargeBulksTest, FiguresTellOfRowsThatWaitToBeWritten) {
  const auto unwritten = [](Books& node) {
    return node.metrics.gauge("florin_ledger_large_bulks_unwritten", "").value();
  };
  {
    auto owned = std::make_unique<EndingDatabase>(*books.database);
    EndingDatabase& ending = *owned;
    Books node(clock, std::move(owned), 0);
    ASSERT_TRUE(node.service.recover());
    ending.end_after(3);
    EXPECT_EQ(code_of(node.service.execute(command(bulk_of(many)))), "");
    EXPECT_EQ(unwritten(node), 1);
    EXPECT_FALSE(node.service.take_over_bulks());
    EXPECT_EQ(unwritten(node), 1);
    ending.end_after(std::numeric_limits<int>::max());
    EXPECT_EQ(*node.service.take_over_bulks(), 1);
    EXPECT_EQ(unwritten(node), 0);
    EXPECT_NE(node.metrics.expose().find("florin_ledger_large_bulks_total{way=\"in_slices\"} 1"),
              std::string::npos);
  }
  expect_all_is_written(many);
}

TEST_F(LargeBulksTest, QuestionsWaitUntilTheRowsOfABulkAreThere) {
  ASSERT_EQ(post_and_end(command(bulk_of(many)), 0, 3), "");
  const auto statement = books.queries.statement(test_tenant, AccountRef::parse("bank"), {}, {});
  EXPECT_EQ(code_of(statement), "ledger_busy");
  EXPECT_EQ(code_of(books.queries.transfers(TenantId{2}, {}, {})), "");
  ASSERT_TRUE(books.service.recover());
  EXPECT_EQ(code_of(books.queries.statement(test_tenant, AccountRef::parse("bank"), {}, {})), "");
}

TEST_F(LargeBulksTest, OthersMoveTheSameMoneyMeanwhile) {
  std::atomic<bool> is_over{false};
  std::atomic<std::int64_t> moved{0};
  std::thread other([&] {
    std::mt19937 dice(3);
    while (!is_over) {
      if (books.move("bank", wallet(dice()), 1).empty()) ++moved;
      if (books.move(wallet(dice()), wallet(dice()), 1).empty()) ++moved;
    }
  });
  for (int round = 0; round < 4; ++round)
    EXPECT_EQ(code_of(books.service.execute(command(bulk_of(many)))), "");
  is_over = true;
  other.join();
  EXPECT_EQ(count("transfers"), 4 * static_cast<std::int64_t>(many) + moved);
  EXPECT_EQ(count("large_bulks"), 0);
  EXPECT_EQ(books.faults(), std::vector<std::string>{});
}

// ---------------------------------------------------------------- slices

bulk::Slice sample() {
  bulk::Slice slice;
  Transfer transfer;
  transfer.id = {4'711};
  transfer.tenant = test_tenant;
  transfer.details = {"a reference", std::nullopt, R"({"k":"v"})"};
  transfer.effective_at = {5};
  transfer.created_at = {6};
  for (std::int64_t i = 0; i < 3; ++i) {
    const Posting posting{{10 + i}, {20 + i}, {INT64_MAX - i, kzt()}};
    transfer.postings.push_back(posting);
    slice.postings.push_back({4'711 + i, transfer.id, posting, {1, 2, 3}, {4, 5, -6}});
  }
  slice.transfers.push_back(transfer);
  slice.checkpoints.push_back({{10}, 64, 4'711, {6}});
  return slice;
}

TEST(BulkSlice, ReadsBackWhatWasStored) {
  const bulk::Slice slice = sample();
  const auto read = bulk::decode(bulk::encode(slice));
  ASSERT_TRUE(read);
  EXPECT_EQ(bulk::encode(*read), bulk::encode(slice));
  EXPECT_EQ(read->transfers[0].details.reference, "a reference");
  EXPECT_EQ(read->transfers[0].details.description, std::nullopt);
  EXPECT_EQ(read->postings[2].posting, slice.postings[2].posting);
  EXPECT_EQ(read->postings[1].credit.balance, -6);
  EXPECT_EQ(read->checkpoints[0].posting, 4'711);
}

TEST(BulkSlice, ADamagedOneIsRefused) {
  const std::string whole = bulk::encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(code_of(bulk::decode(whole.substr(0, size))), "store_corrupt");
  EXPECT_EQ(code_of(bulk::decode(whole + "x")), "store_corrupt");
  std::mt19937 dice(11);
  for (int round = 0; round < 2'000; ++round) {
    std::string damaged = whole;
    damaged[dice() % damaged.size()] = static_cast<char>(dice());
    (void)bulk::decode(damaged);  // Whatever it says, it stays within the bytes.
  }
}

}  // namespace
}  // namespace florin::ledger
