// What every engine promises of statements: their values, counts and errors, and when those come.
#include <limits>
#include <optional>

#include "base/try.h"
#include "platform/sql/engine_fixture.h"
#include "platform/sql/errors.h"
#include "platform/sql/words.h"

namespace florin::sql {
namespace {

class StatementContract : public EngineTest {};

constexpr Query send_note{"test.send_note", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
constexpr Query count_query{"test.count", "SELECT COUNT(*) FROM notes"};

/// How many notes the unit itself sees.
Result<std::int64_t> count_inside(Tx& tx) {
  std::int64_t count = 0;
  TRY(tx.query(count_query, {}, [&](const Row& row) {
    count = row.integer(0);
    return false;
  }));
  return count;
}

TEST_P(StatementContract, SentStatementsRunInOrderAndBeforeWhatIsAskedNext) {
  const auto seen = database_->write([](Tx& tx) -> Result<std::int64_t> {
    for (int i = 0; i < 1'000; ++i) {                        // More than one pipeline holds.
      const std::string body = "body " + std::to_string(i);  // Gone when the statement runs.
      TRY(tx.send(send_note, {i, body}));
    }
    return count_inside(tx);
  });
  ASSERT_TRUE(seen) << seen.error().detail;
  EXPECT_EQ(*seen, 1'000);
  EXPECT_EQ(count_notes(*database_), 1'000);
}

TEST_P(StatementContract, SentStatementThatFailsUndoesItsUnitAlone) {
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(
        [](Tx& tx) -> Result<void> {
          TRY(tx.send(send_note, {2, "fine"}));
          return tx.send(send_note, {1, "the first unit has it"});
        },
        answers.next());
    database_->submit([](Tx& tx) { return tx.send(send_note, {3, "fine"}); }, answers.next());
  }
  EXPECT_EQ(codes_of(answers), (Codes{"ok", "constraint_violated", "ok"}));
  EXPECT_EQ(count_notes(*database_), 2);
}

TEST_P(StatementContract, SentStatementThatFailsUndoesAWholeBatchThatWantsItSo) {
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(
        [](Tx& tx) {
          return tx.send(send_note, {1, "taken"});
        },
        answers.next(), Undo::batch);
  }
  EXPECT_EQ(codes_of(answers), (Codes{"constraint_violated", "constraint_violated"}));
  EXPECT_EQ(count_notes(*database_), 0);
  EXPECT_EQ(code_of(database_->write(inserting(1))), "ok");
}

TEST_P(StatementContract, UnitThatGoesOnAfterASentStatementFailedIsUndone) {
  const auto outcome = database_->write([](Tx& tx) -> Result<void> {
    TRY(tx.send(send_note, {1, "fine"}));
    (void)tx.send(send_note, {1, "taken"});
    (void)count_inside(tx);
    return Error{errors::store_conflict, "the unit's own"};
  });
  EXPECT_EQ(code_of(outcome), "store_conflict");
  EXPECT_EQ(count_notes(*database_), 0);
}

constexpr Query body_of{"test.body_of", "SELECT body FROM notes WHERE id = $1"};

TEST_P(StatementContract, PipelinedQueriesAreAnsweredInOrder) {
  std::string bodies;
  const auto read_body = [&](const Row& row) {
    bodies += row.text(0);
    return true;
  };
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    TRY(tx.send(send_note, {1, "one "}));
    Pipeline pipeline(tx);
    TRY(pipeline.enqueue(body_of, {1}, read_body));
    TRY(tx.send(send_note, {2, "two "}));
    TRY(pipeline.enqueue(body_of, {2}, read_body));
    TRY(pipeline.enqueue(body_of, {3}, read_body));  // There is none.
    TRY(pipeline.sync());
    EXPECT_EQ(bodies, "one two ");
    TRY(pipeline.enqueue(body_of, {1}, read_body));
    EXPECT_EQ(TRY(count_inside(tx)), 2);  // Waits for what was asked before, too.
    EXPECT_EQ(bodies, "one two one ");
    return pipeline.sync();
  });
  EXPECT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(bodies, "one two one ");
}

enum class Colour : std::uint8_t { red, blue };
constexpr Words<Colour, 2> colours{{{"red", Colour::red}, {"blue", Colour::blue}}};
constexpr Query all_bodies{"test.all_bodies", "SELECT body FROM notes ORDER BY id"};
constexpr Query many_bodies{"test.many_bodies", all_bodies.sql, Rows::many};

TEST_P(StatementContract, WordOfNoEnumerationIsCorruptHoweverItIsAsked) {
  const auto read_colour = [](const Row& row) {
    return word(row, 0, "notes.body", colours) != Colour::blue;
  };
  const auto in_pipeline = [&](Tx& tx) -> Result<void> {
    Pipeline pipeline(tx);
    TRY(pipeline.enqueue(body_of, {2}, read_colour));
    return pipeline.sync();
  };
  const auto of_all = [&](Tx& tx) { return tx.query(all_bodies, {}, read_colour); };
  const auto of_many = [&](Tx& tx) { return tx.query(many_bodies, {}, read_colour); };

  EXPECT_EQ(code_of(database_->write([](Tx& tx) { return tx.send(send_note, {1, "red"}); })), "ok");
  EXPECT_EQ(code_of(database_->read(of_all)), "ok");
  EXPECT_EQ(code_of(database_->write([](Tx& tx) {
              return tx.send(send_note, {2, "pink"});
            })),
            "ok");
  for (const Database::Work& work : {Database::Work(of_all), Database::Work(of_many)}) {
    const auto read = database_->read(work);
    ASSERT_EQ(code_of(read), "store_corrupt");
    EXPECT_NE(read.error().detail.find("notes.body holds \"pink\""), std::string::npos);
  }
  EXPECT_EQ(code_of(database_->write(in_pipeline)), "store_corrupt");
  // What the visitor did with the word goes with its unit of work; others go on.
  EXPECT_EQ(code_of(database_->write(inserting(3))), "ok");
}

TEST_P(StatementContract, ManyPipelinedQueriesAreAllAnswered) {
  constexpr int many = 2'000;  // More than one pipeline holds, and their answers more than buffers.
  const std::string body(400, 'x');
  int answers = 0;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    Pipeline pipeline(tx);
    for (int i = 0; i < many; ++i) {
      TRY(tx.send(send_note, {i, body + std::to_string(i)}));
      TRY(pipeline.enqueue(body_of, {i}, [&, i](const Row& row) {
        answers += row.text(0).ends_with(std::to_string(i)) ? 1 : 0;
        return true;
      }));
    }
    return pipeline.sync();
  });
  EXPECT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(answers, many);
}

TEST_P(StatementContract, QueryThatFailsInAPipelineIsItsUnitsError) {
  Answers answers;
  {
    Gate gate(*database_);
    database_->submit(inserting(1), answers.next());
    database_->submit(
        [](Tx& tx) -> Result<void> {
          Pipeline pipeline(tx);
          TRY(tx.send(send_note, {1, "taken"}));
          TRY(pipeline.enqueue(body_of, {1}, [](const Row&) { return true; }));
          return pipeline.sync();
        },
        answers.next());
    database_->submit(inserting(2), answers.next());
  }
  EXPECT_EQ(codes_of(answers), (Codes{"ok", "constraint_violated", "ok"}));
}

/// Their visitor may refer to what is gone by then.
TEST_P(StatementContract, QueriesThatNobodySyncedAreDropped) {
  int answers = 0;
  const auto outcome = database_->write([&](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, 1));
    {
      Pipeline pipeline(tx);
      TRY(pipeline.enqueue(body_of, {1}, [&](const Row&) {
        ++answers;
        return true;
      }));
    }
    const int answered_at_once = answers;
    EXPECT_EQ(TRY(count_inside(tx)), 1);
    EXPECT_EQ(answers, answered_at_once);
    return {};
  });
  EXPECT_EQ(code_of(outcome), "ok");
}

TEST_P(StatementContract, BrokenConstraintNamesTheQueryAndNotTheValue) {
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

TEST_P(StatementContract, ExecTellsHowManyRowsItChanged) {
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

TEST_P(StatementContract, PlaceholdersGoByTheirNumberInWhateverOrder) {
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

TEST_P(StatementContract, WrongNumberOfParametersIsAnError) {
  static constexpr Query insert{"test.two", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
  const auto exec = [&](std::vector<Param> params) {
    const auto outcome = database_->write([&](Tx& tx) { return tx.exec(insert, params); });
    return outcome ? "ok" : std::string(outcome.error().code.name);
  };
  EXPECT_EQ(exec({1}), "internal_error");
  EXPECT_EQ(exec({1, "a", 2}), "internal_error");
  EXPECT_EQ(exec({1, "a"}), "ok");
}

TEST_P(StatementContract, BadSqlIsAnErrorOfOurs) {
  static constexpr Query bad{"test.bad", "SELEKT 1"};
  const auto outcome = database_->write([](Tx& tx) { return tx.exec(bad); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, florin::errors::internal_error);
  EXPECT_EQ(code_of(database_->write(inserting(1))), "ok");
}

TEST_P(StatementContract, VisitorStopsEarlyAndMayRunTheSameQuery) {
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

TEST_P(StatementContract, ValuesComeBackAsTheyWent) {
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

TEST_P(StatementContract, EmptyViewIsEmptyTextAndNotNull) {
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

TEST_P(StatementContract, ScriptRunsAllItsStatementsOrNone) {
  const auto run = [&](std::string_view script) {
    return code_of(database_->write([&](Tx& tx) { return tx.exec_script(script); }));
  };
  EXPECT_NE(run("CREATE TABLE half (id BIGINT); INSERT INTO nowhere VALUES (1);"), "ok");
  EXPECT_EQ(run("CREATE TABLE half (id BIGINT); INSERT INTO half VALUES (1);"), "ok");
}

INSTANTIATE_TEST_SUITE_P(Engines, StatementContract, testing::ValuesIn(all_engines()),
                         [](const auto& engine) { return engine.param.name; });

}  // namespace
}  // namespace florin::sql
