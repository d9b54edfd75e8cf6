// What every engine promises.
#include <atomic>
#include <limits>
#include <optional>
#include <stdexcept>
#include <thread>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/postgres_fixture.h"
#include "platform/sql/sql_fixture.h"

namespace florin::sql {
namespace {

constexpr ErrorCode refused{ErrorKind::rejected, "refused_by_test"};

struct Engine {
  std::string name;
  std::function<std::unique_ptr<TestStore>()> make;
};

class DatabaseContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    if (GetParam().name == "Postgres" && test_postgres_url().empty())
      GTEST_SKIP() << "there is no PostgreSQL server here";
    store_ = GetParam().make();
    reopen();
    ASSERT_EQ(code_of(create_notes(*database_)), "ok");
  }

  void reopen() {
    database_.reset();
    auto opened = store_->open();
    ASSERT_TRUE(opened) << opened.error().detail;
    database_ = *std::move(opened);
  }

  std::unique_ptr<TestStore> store_;
  std::unique_ptr<Database> database_;
};

Database::Work inserting(std::int64_t id) {
  return [id](Tx& tx) { return insert_note(tx, id); };
}

/// Writes first, so that there is something to undo.
Database::Work inserting_then_failing(std::int64_t id) {
  return [id](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, id));
    return Error{refused, "the test wants it so"};
  };
}

std::vector<std::string> codes_of(Answers& answers) {
  std::vector<std::string> codes;
  for (const auto& outcome : answers.get()) codes.push_back(code_of(outcome));
  return codes;
}

using Codes = std::vector<std::string>;

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

TEST_P(DatabaseContract, BrokenConstraintNamesTheQueryAndNotTheValue) {
  static constexpr Query reply{"test.reply", "INSERT INTO replies (id, note_id) VALUES ($1, $2)"};
  static constexpr Query empty{"test.empty", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
  ASSERT_TRUE(database_->write([](Tx& tx) { return insert_note(tx, 1, "a secret"); }));

  const auto code_and_detail = [&](const Query& query, std::vector<Param> params) {
    const auto outcome = database_->write([&](Tx& tx) { return tx.exec(query, params); });
    if (outcome) return std::string("ok");
    EXPECT_NE(outcome.error().detail.find(query.name), std::string::npos);
    EXPECT_EQ(outcome.error().detail.find("secret"), std::string::npos);
    return std::string(outcome.error().code.name);
  };
  EXPECT_EQ(code_and_detail(empty, {2, "a secret"}), "constraint_violated");   // UNIQUE
  EXPECT_EQ(code_and_detail(empty, {2, "forbidden"}), "constraint_violated");  // CHECK
  EXPECT_EQ(code_and_detail(empty, {2, nullptr}), "constraint_violated");      // NOT NULL
  EXPECT_EQ(code_and_detail(reply, {1, 77}), "constraint_violated");           // REFERENCES
  EXPECT_EQ(code_and_detail(reply, {1, 1}), "ok");
}

TEST_P(DatabaseContract, ExecTellsHowManyRowsItChanged) {
  static constexpr Query update{"test.update", "UPDATE notes SET number = $1 WHERE id <= $2"};
  static constexpr Query ddl{"test.ddl", "CREATE INDEX notes_by_number ON notes (number)"};
  std::vector<std::int64_t> counts;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    for (int id = 1; id <= 5; ++id) TRY(insert_note(tx, id));
    counts.push_back(TRY(tx.exec(update, {1, 3})));
    counts.push_back(TRY(tx.exec(update, {1, 0})));
    counts.push_back(TRY(tx.exec(update, {1, 5})));
    counts.push_back(TRY(tx.exec(ddl)));
    return {};
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(counts, (std::vector<std::int64_t>{3, 0, 5, 0}));
}

TEST_P(DatabaseContract, PlaceholdersGoByTheirNumberInWhateverOrder) {
  static constexpr Query insert{"test.out_of_order",
                                "INSERT INTO notes (body, number, id) VALUES ($3, $1, $2)"};
  static constexpr Query find{"test.repeated",
                              "SELECT id FROM notes WHERE (number = $2 OR id = $2) AND body = $1"};
  std::vector<std::int64_t> found;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    for (int id = 1; id <= 3; ++id) {  // One statement, used again with other values.
      TRY(tx.exec(insert, {id * 10, id, "body " + std::to_string(id)}));
    }
    return tx.query(find, {"body 2", 20}, [&](const Row& row) {
      found.push_back(row.integer(0));
      return true;
    });
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(found, std::vector<std::int64_t>{2});
}

TEST_P(DatabaseContract, WrongNumberOfParametersIsAnError) {
  static constexpr Query insert{"test.two", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
  const auto exec = [&](std::vector<Param> params) {
    const auto outcome = database_->write([&](Tx& tx) { return tx.exec(insert, params); });
    return outcome ? "ok" : std::string(outcome.error().code.name);
  };
  EXPECT_EQ(exec({1}), "internal_error");
  EXPECT_EQ(exec({1, "a", 2}), "internal_error");
  EXPECT_EQ(exec({1, "a"}), "ok");
}

TEST_P(DatabaseContract, BadSqlIsAnErrorOfOurs) {
  static constexpr Query bad{"test.bad", "SELEKT 1"};
  const auto outcome = database_->write([](Tx& tx) { return tx.exec(bad); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, florin::errors::internal_error);
  EXPECT_EQ(code_of(database_->write(inserting(1))), "ok");
}

TEST_P(DatabaseContract, VisitorStopsEarlyAndMayRunTheSameQuery) {
  static constexpr Query above{"test.above", "SELECT id FROM notes WHERE id > $1 ORDER BY id"};
  std::vector<std::int64_t> outer, inner;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    for (int id = 1; id <= 5; ++id) TRY(insert_note(tx, id));
    return tx.query(above, {0}, [&](const Row& row) {
      outer.push_back(row.integer(0));
      const auto nested = tx.query(above, {3}, [&](const Row& other) {
        inner.push_back(other.integer(0));
        return true;
      });
      EXPECT_TRUE(nested);
      return outer.size() < 2;
    });
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(outer, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(inner, (std::vector<std::int64_t>{4, 5, 4, 5}));
}

TEST_P(DatabaseContract, ValuesComeBackAsTheyWent) {
  static constexpr Query insert{
      "test.values", "INSERT INTO notes (id, body, number, bytes) VALUES ($1, $2, $3, $4)"};
  static constexpr Query select{"test.value",
                                "SELECT body, number, bytes FROM notes WHERE id = $1"};
  using namespace std::string_literals;
  struct Values {
    std::string body;
    std::optional<std::int64_t> number;
    std::optional<std::string> bytes;
  };
  const std::vector<Values> all = {
      {"", 0, ""s},
      {"Шаңырақ ₸ 漢字 🏦", std::numeric_limits<std::int64_t>::max(), "\0a\0\xff\x80\0"s},
      {"plain", std::numeric_limits<std::int64_t>::min(), std::string(100'000, '\0')},
      {"nulls", std::nullopt, std::nullopt},
  };
  for (std::size_t id = 0; id < all.size(); ++id) {
    const Values& sent = all[id];
    const Param bytes = sent.bytes ? Param::blob(*sent.bytes) : Param(nullptr);
    ASSERT_TRUE(database_->write([&](Tx& tx) {
      return tx.exec(insert, {static_cast<std::int64_t>(id), sent.body, sent.number, bytes});
    }));
    int rows = 0;
    ASSERT_TRUE(database_->read([&](Tx& tx) {
      return tx.query(select, {static_cast<std::int64_t>(id)}, [&](const Row& row) {
        ++rows;
        EXPECT_EQ(row.text(0), sent.body);
        EXPECT_EQ(row.optional_integer(1), sent.number);
        EXPECT_EQ(row.is_null(2), !sent.bytes);
        EXPECT_EQ(row.blob(2), sent.bytes.value_or(""));
        return true;
      });
    }));
    EXPECT_EQ(rows, 1);
  }
}

TEST_P(DatabaseContract, EmptyViewIsEmptyTextAndNotNull) {
  static constexpr Query find{"test.empty_text", "SELECT number FROM notes WHERE body = $1"};
  static constexpr Query insert{"test.insert_empty",
                                "INSERT INTO notes (id, body, bytes) VALUES (1, $1, $2)"};
  int rows = 0;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    TRY(tx.exec(insert, {std::string_view(), Param::blob({})}));
    return tx.query(find, {""}, [&](const Row& row) {
      ++rows;
      EXPECT_TRUE(row.is_null(0));
      EXPECT_EQ(row.integer(0), 0);
      EXPECT_EQ(row.optional_text(0), std::nullopt);
      return true;
    });
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(rows, 1);
}

TEST_P(DatabaseContract, ScriptRunsAllItsStatementsOrNone) {
  const auto run = [&](std::string_view script) {
    return code_of(database_->write([&](Tx& tx) { return tx.exec_script(script); }));
  };
  EXPECT_NE(run("CREATE TABLE half (id BIGINT); INSERT INTO nowhere VALUES (1);"), "ok");
  EXPECT_EQ(run("CREATE TABLE half (id BIGINT); INSERT INTO half VALUES (1);"), "ok");
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

INSTANTIATE_TEST_SUITE_P(
    Engines, DatabaseContract,
    testing::Values(Engine{"Sqlite", [] { return std::make_unique<SqliteTestStore>(); }},
                    Engine{"Postgres", [] { return std::make_unique<PostgresTestStore>(); }}),
    [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace florin::sql
