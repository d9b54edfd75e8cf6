// What every engine promises of units of work.
#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/try.h"
#include "platform/sql/engine_fixture.h"
#include "platform/sql/errors.h"

namespace florin::sql {
namespace {

constexpr ErrorCode refused{ErrorKind::rejected, "refused_by_test"};

class DatabaseContract : public EngineTest {};

TEST_P(DatabaseContract, UnitOfWorkIsDurableWhenWriteReturns) {
  ASSERT_TRUE(database_->write(inserting(1)));
  EXPECT_EQ(count_notes(*database_), 1);
  reopen();
  EXPECT_EQ(count_notes(*database_), 1);
}

TEST_P(DatabaseContract, FailedUnitOfWorkLeavesNothing) {
  EXPECT_EQ(code_of(database_->write(inserting_then_failing(1))), "refused_by_test");
  EXPECT_EQ(count_notes(*database_), 0);
}

TEST_P(DatabaseContract, WriteAndReadGiveTheValueOfTheirWork) {
  const Result<int> written = database_->write([](Tx&) -> Result<int> { return 7; });
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, 7);
  const Result<int> failed = database_->read([](Tx&) -> Result<int> {
    return Error{refused, "no"};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, refused);
}

TEST_P(DatabaseContract, WaitingUnitsRunInOrderAndShareOneCommit) {
  Answers answers;
  std::vector<int> order;
  {
    Gate gate(*database_);
    for (int id = 1; id <= 20; ++id) {
      auto work = [id, &order](Tx& tx) {
        order.push_back(id);
        return insert_note(tx, id);
      };
      database_->submit(work, answers.next());
    }
    EXPECT_EQ(database_->write_stats().queue_length, 20u);
  }
  EXPECT_EQ(codes_of(answers), Codes(20, "ok"));
  ASSERT_EQ(order.size(), 20u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(count_notes(*database_), 20);
  if (database_->dialect() == Dialect::sqlite) {
    const WriteStats stats = database_->write_stats();
    EXPECT_EQ(stats.commits, 3u);  // The table, the gate, the twenty.
    EXPECT_EQ(stats.units, 22u);
    EXPECT_EQ(stats.last_batch, 20u);
  }
}

TEST_P(DatabaseContract, BatchesAreLimited) {
  Answers answers;
  {
    Gate gate(*database_);
    for (int id = 1; id <= 3'000; ++id) database_->submit(inserting(id), answers.next());
  }
  EXPECT_EQ(codes_of(answers), Codes(3'000, "ok"));
  EXPECT_LE(database_->write_stats().last_batch, 1'024u);
  EXPECT_EQ(count_notes(*database_), 3'000);
}

TEST_P(DatabaseContract, UnitSeesWhatEarlierUnitsOfItsBatchWrote) {
  static constexpr Query count{"test.count", "SELECT count(*) FROM notes"};
  Answers answers;
  std::atomic<std::int64_t> seen = -1;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(
        [&](Tx& tx) {
          return tx.query(count, {}, [&](const Row& row) {
            seen = row.integer(0);
            return true;
          });
        },
        answers.next());
  }
  EXPECT_EQ(codes_of(answers), (Codes{"ok", "ok"}));
  EXPECT_EQ(seen, 1);
}

TEST_P(DatabaseContract, FailedUnitWithSavepointIsUndoneAlone) {
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(inserting_then_failing(2), answers.next());
    database_->submit(inserting(3), answers.next(), Undo::batch);
    database_->submit(inserting(2), answers.next());
  }
  EXPECT_EQ(codes_of(answers), (Codes{"ok", "refused_by_test", "ok", "ok"}));
  EXPECT_EQ(count_notes(*database_), 3);
}

TEST_P(DatabaseContract, FailedBatchUnitUndoesTheWholeBatch) {
  constexpr ErrorCode own{ErrorKind::rejected, "own_reason"};
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit([&](Tx&) -> Result<void> { return Error{own, "by itself"}; }, answers.next());
    database_->submit(inserting_then_failing(2), answers.next(), Undo::batch);
    database_->submit(inserting(3), answers.next());
  }
  EXPECT_EQ(codes_of(answers),
            (Codes{"refused_by_test", "own_reason", "refused_by_test", "refused_by_test"}));
  EXPECT_EQ(count_notes(*database_), 0);
  EXPECT_EQ(code_of(database_->write(inserting(1))), "ok");
}

TEST_P(DatabaseContract, ExceptionUndoesItsUnitAndTheWriterLivesOn) {
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(
        [](Tx& tx) -> Result<void> {
          TRY(insert_note(tx, 2));
          throw std::runtime_error("thrown by the test");
        },
        answers.next());
    database_->submit([](Tx&) -> Result<void> { throw 5; }, answers.next());
    database_->submit(inserting(3), answers.next());
  }
  EXPECT_EQ(codes_of(answers), (Codes{"ok", "internal_error", "internal_error", "ok"}));
  EXPECT_EQ(count_notes(*database_), 2);
}

TEST_P(DatabaseContract, ExceptionInAnAnswerDoesNotStopTheWriter) {
  database_->submit(inserting(1), [](const Result<void>&) { throw std::runtime_error("late"); });
  database_->submit(inserting(2), [](const Result<void>&) { throw 5; });
  EXPECT_EQ(code_of(database_->write(inserting(3))), "ok");
  EXPECT_EQ(count_notes(*database_), 3);
}

TEST_P(DatabaseContract, ExceptionInAReadIsAnError) {
  for (int i = 0; i < 10; ++i) {  // More often than there are readers: none may get lost.
    const auto outcome =
        database_->read([](Tx&) -> Result<void> { throw std::runtime_error("thrown"); });
    EXPECT_EQ(code_of(outcome), "internal_error");
  }
  EXPECT_EQ(count_notes(*database_), 0);
}

TEST_P(DatabaseContract, EachOfManyConcurrentUnitsIsAnsweredOnceAndDurable) {
  constexpr int threads = 8, each = 200;
  std::vector<std::atomic<int>> answered(threads * each);
  std::atomic<int> failed = 0;
  std::vector<std::thread> submitters;
  for (int thread = 0; thread < threads; ++thread) {
    submitters.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i) {
        const int id = thread * each + i;
        if (i % 10 == 0) {  // Some wait for the answer, most do not.
          ++answered[id];
          if (!database_->write(inserting(id))) ++failed;
          continue;
        }
        auto done = [&, id](const Result<void>& outcome) {
          ++answered[id];
          if (!outcome) ++failed;
        };
        database_->submit(inserting(id), done, i % 2 ? Undo::batch : Undo::savepoint);
      }
    });
  }
  for (auto& submitter : submitters) submitter.join();
  ASSERT_TRUE(database_->write([](Tx&) -> Result<void> { return {}; }));  // The last in the queue.

  EXPECT_EQ(failed, 0);
  for (const auto& count : answered) EXPECT_EQ(count, 1);
  reopen();
  EXPECT_EQ(count_notes(*database_), threads * each);
}

TEST_P(DatabaseContract, AnswerMaySubmitMoreWork) {
  std::promise<void> finished;
  std::function<void(std::int64_t)> submit = [&](std::int64_t id) {
    database_->submit(inserting(id), [&, id](const Result<void>& outcome) {
      ASSERT_TRUE(outcome);
      if (id == 50) return finished.set_value();
      submit(id + 1);
    });
  };
  submit(1);
  finished.get_future().wait();
  EXPECT_EQ(count_notes(*database_), 50);
}

TEST_P(DatabaseContract, ReadKeepsItsSnapshotWhileOthersWrite) {
  static constexpr Query count{"test.count", "SELECT count(*) FROM notes"};
  ASSERT_TRUE(database_->write(inserting(1)));
  std::vector<std::int64_t> seen;
  const auto outcome = database_->read([&](Tx& tx) -> Result<void> {
    const auto keep = [&](const Row& row) {
      seen.push_back(row.integer(0));
      return true;
    };
    TRY(tx.query(count, {}, keep));
    if (auto written = database_->write(inserting(2)); !written) return written;
    return tx.query(count, {}, keep);
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(count_notes(*database_), 2);
}

TEST_P(DatabaseContract, ReadersNeverSeeHalfOfAUnit) {
  static constexpr Query set{"test.set", "UPDATE notes SET number = $2 WHERE id = $1"};
  static constexpr Query get{"test.get", "SELECT number FROM notes WHERE id = $1"};
  for (int id = 1; id <= 2; ++id) ASSERT_TRUE(database_->write(inserting(id)));

  std::atomic<bool> is_over = false;
  std::atomic<int> torn = 0, failed = 0, reads = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i) {  // More than there are snapshots: some wait their turn.
    readers.emplace_back([&] {
      while (!is_over) {
        std::int64_t number[2] = {};
        const auto outcome = database_->read([&](Tx& tx) -> Result<void> {
          for (int id = 1; id <= 2; ++id) {
            TRY(tx.query(get, {id}, [&](const Row& row) {
              number[id - 1] = row.integer(0);
              return true;
            }));
          }
          return {};
        });
        if (!outcome) ++failed;
        if (number[0] != number[1]) ++torn;
        ++reads;
      }
    });
  }
  for (int round = 1; round <= 300; ++round) {
    ASSERT_TRUE(database_->write([&](Tx& tx) -> Result<void> {
      TRY(tx.exec(set, {1, round}));
      TRY(tx.exec(set, {2, round}));
      return {};
    }));
  }
  while (reads < 50) std::this_thread::yield();
  is_over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(failed, 0);
}

TEST_P(DatabaseContract, ReadCannotWrite) {
  EXPECT_NE(code_of(database_->read_work(inserting(1))), "ok");
  EXPECT_EQ(count_notes(*database_), 0);
}

TEST_P(DatabaseContract, ClosingFinishesWhatRunsAndRefusesWhatWaits) {
  Answers waiting;
  std::promise<void> running;
  std::atomic<int> answered_running = 0;
  Database* const database = database_.get();
  database->submit(
      [&](Tx& tx) -> Result<void> {
        TRY(insert_note(tx, 1));
        running.set_value();
        // Submitting is refused from the moment on at which closing has begun.
        const auto is_closing = std::make_shared<std::atomic<bool>>(false);
        while (!*is_closing) {
          auto done = [=](const Result<void>& outcome) { *is_closing = !outcome; };
          database->submit(inserting(99), done);
          std::this_thread::yield();
        }
        return {};
      },
      [&](const Result<void>& outcome) { answered_running += outcome ? 1 : 100; });
  running.get_future().wait();
  for (int id = 2; id <= 10; ++id) database->submit(inserting(id), waiting.next());
  database_.reset();

  EXPECT_EQ(codes_of(waiting), Codes(9, "store_unavailable"));
  EXPECT_EQ(answered_running, 1);
  reopen();
  EXPECT_EQ(count_notes(*database_), 1);
}

TEST_P(DatabaseContract, HealthyDatabaseAnswersAndHasNoFault) {
  ASSERT_TRUE(database_->write(inserting(1)));
  EXPECT_EQ(code_of(database_->ping()), "ok");
  const auto faults = database_->check_integrity();
  ASSERT_TRUE(faults);
  EXPECT_TRUE(faults->empty());
}

TEST_P(DatabaseContract, StatisticsCountUnitsAndFailures) {
  const WriteStats before = database_->write_stats();
  ASSERT_TRUE(database_->write(inserting(1)));
  ASSERT_FALSE(database_->write(inserting_then_failing(2)));
  ASSERT_TRUE(database_->write(inserting(3)));
  const WriteStats after = database_->write_stats();
  EXPECT_EQ(after.units - before.units, 3u);
  EXPECT_EQ(after.failed_units - before.failed_units, 1u);
  EXPECT_GT(after.commits, before.commits);
  EXPECT_GT(after.commit_us, before.commit_us);
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseContract, testing::ValuesIn(all_engines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace florin::sql
