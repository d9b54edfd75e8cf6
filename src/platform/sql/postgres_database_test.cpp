// What is PostgreSQL's own: refusals that name the setting, breaks of the connection, several
// nodes.

#include <atomic>
#include <thread>

#include "base/try.h"
#include "platform/sql/array.h"
#include "platform/sql/errors.h"
#include "platform/sql/postgres_fixture.h"
#include "platform/sql/postgres_url.h"

namespace florin::sql {
namespace {

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    if (test_postgres_url().empty()) GTEST_SKIP() << "there is no PostgreSQL server here";
    store = std::make_unique<PostgresTestStore>();
    database = store->open().value();
    ASSERT_EQ(code_of(create_notes(*database)), "ok");
  }

  /// What opening says with another URL: the private server, but `user` and so on changed.
  std::string refusal(const std::string& url) {
    PostgresOptions options;
    options.url = url;
    const auto opened = open_postgres(options);
    return opened ? "ok" : std::string(opened.error().code.name) + ": " + opened.error().detail;
  }
  std::string as(const std::string& user_and_password) {
    std::string url = test_postgres_url();
    return url.replace(url.find("florin@"), 6, user_and_password);
  }

  std::unique_ptr<PostgresTestStore> store;
  std::unique_ptr<Database> database;
};

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string detail_of(const Result<void>& outcome) {
  return outcome ? "ok" : std::string(outcome.error().code.name) + ": " + outcome.error().detail;
}

Result<void> run(Database& database, std::string_view sql) {
  return database.write([&](Tx& tx) { return tx.exec_script(sql); });
}

TEST_F(PostgresTest, RefusalsNameTheSettingAndNeverThePassword) {
  const std::string wrong = refusal(as("locked:hush-hush"));
  EXPECT_TRUE(says(wrong, "password authentication failed")) << wrong;
  EXPECT_TRUE(says(wrong, "database.url")) << wrong;
  EXPECT_FALSE(says(wrong, "hush-hush")) << wrong;
  const std::string none = refusal(as("locked"));
  EXPECT_TRUE(says(none, "DB_PASSWORD")) << none;
  EXPECT_TRUE(says(refusal(as("nobody")), "check the user")) << refusal(as("nobody"));
  const std::string host = refusal("postgres://u:hush@no-such-host.invalid/florin");
  EXPECT_TRUE(says(host, "check the host")) << host;
  const std::string port = refusal("postgres://u:hush@127.0.0.1:1/florin");
  EXPECT_TRUE(says(port, "check host and port")) << port;
  std::string other = test_postgres_url();
  other.replace(other.find("@/florin"), 8, "@/nothing");
  EXPECT_TRUE(says(refusal(other), "check the database's name")) << refusal(other);
}

TEST_F(PostgresTest, MissingPrivilegesAreNamed) {
  PostgresOptions options;
  options.url = as("guest");
  const auto guest = open_postgres(options);
  ASSERT_TRUE(guest) << guest.error().detail;
  const std::string refused = detail_of(run(**guest, "CREATE TABLE mine (id BIGINT)"));
  EXPECT_TRUE(says(refused, "permission denied")) << refused;
}

TEST_F(PostgresTest, SessionThatForgotItsStatementsIsNamedAndLeft) {
  static constexpr Query one{"test.one", "SELECT 1"};
  store->options.readers = 1;
  const auto pooled = store->open().value();
  const auto ask = [&] {
    return pooled->read([](Tx& tx) { return tx.query(one, {}, [](const Row&) { return true; }); });
  };
  ASSERT_EQ(detail_of(ask()), "ok");
  // What a pooler does that gives each transaction the session of somebody else.
  ASSERT_TRUE(pooled->read([](Tx& tx) { return tx.exec_script("DEALLOCATE ALL"); }));
  const std::string forgotten = detail_of(ask());
  EXPECT_TRUE(says(forgotten, "pool_mode = session")) << forgotten;
  EXPECT_EQ(detail_of(ask()), "ok");
}

TEST_F(PostgresTest, TimeoutsAreErrorsThatNameTheirSetting) {
  store->options.statement_timeout_ms = 50;
  const auto hasty = store->open().value();
  const std::string slow = detail_of(run(*hasty, "SELECT pg_sleep(10)"));
  EXPECT_TRUE(says(slow, "store_unavailable")) << slow;
  EXPECT_TRUE(says(slow, "statement_timeout")) << slow;

  store->options.statement_timeout_ms = 0;
  store->options.lock_timeout_ms = 20;
  const auto impatient = store->open().value();
  Gate gate(*database);  // Holds the right to write.
  const std::string locked = detail_of(run(*impatient, "SELECT 1"));
  EXPECT_TRUE(says(locked, "lock_timeout")) << locked;
}

TEST_F(PostgresTest, AWriterThatStandsStillInItsTransactionHoldsUpNobodyForLong) {
  const auto other = store->open().value();
  int runs = 0;
  const auto outcome = database->write([&](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, 1));
    // As if the process had been stopped here: the other one's turn comes all the same.
    if (++runs == 1) TRY(other->write([](Tx& theirs) { return insert_note(theirs, 2); }));
    return insert_note(tx, 3);
  });
  EXPECT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(runs, 2);  // What was undone is run again.
  EXPECT_EQ(count_notes(*database), 3);
}

TEST_F(PostgresTest, AWriterThatStandsStillAfterWhatItSentHoldsUpNobodyForLong) {
  static constexpr Query insert{"test.send", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
  const auto other = store->open().value();
  int runs = 0;
  const auto outcome = database->write([&](Tx& tx) -> Result<void> {
    TRY(tx.send(insert, {1, "one"}));
    if (++runs == 1) TRY(other->write([](Tx& theirs) { return insert_note(theirs, 2); }));
    return tx.send(insert, {3, "three"});
  });
  EXPECT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(count_notes(*database), 3);
}

TEST_F(PostgresTest, ExhaustedPoolIsAnErrorThatNamesItsSetting) {
  store->options.readers = 1;
  store->options.pool_timeout_ms = 20;
  const auto small = store->open().value();
  std::string inner;
  const auto outer = small->read([&](Tx&) -> Result<void> {
    inner = detail_of(small->read([](Tx&) -> Result<void> { return {}; }));
    return {};
  });
  EXPECT_EQ(code_of(outer), "ok");
  EXPECT_TRUE(says(inner, "raise pool_size")) << inner;
}

TEST_F(PostgresTest, ReadOnlyServerIsNamed) {
  store->options.url += "%20-cdefault_transaction_read_only%3Don";
  const auto reading = store->open().value();
  const std::string refused = detail_of(run(*reading, "CREATE TABLE t (id BIGINT)"));
  EXPECT_TRUE(says(refused, "primary")) << refused;
}

TEST_F(PostgresTest, SerializationFailureIsRunAgain) {
  int runs = 0;
  const auto outcome = database->write([&](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, 1));
    if (++runs == 3) return {};
    return tx.exec_script("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$");
  });
  EXPECT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(count_notes(*database), 1);
}

TEST_F(PostgresTest, ConflictThatDoesNotPassIsAnErrorInTheEnd) {
  int runs = 0;
  const auto outcome = database->write([&](Tx& tx) {
    ++runs;
    return tx.exec_script("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$");
  });
  EXPECT_EQ(code_of(outcome), "store_conflict");
  EXPECT_GT(runs, 3);
}

TEST_F(PostgresTest, StatementThatFailedSpoilsItsUnitAlone) {
  Answers answers;
  {
    Gate gate(*database);
    database->submit([](Tx& tx) { return insert_note(tx, 1); }, answers.next());
    database->submit(
        [](Tx& tx) -> Result<void> {
          (void)insert_note(tx, 1);  // The key is there: a unit may pass over that on SQLite.
          return {};
        },
        answers.next());
    database->submit([](Tx& tx) { return insert_note(tx, 2); }, answers.next());
  }
  const auto outcomes = answers.get();
  EXPECT_EQ(code_of(outcomes[0]), "ok");
  EXPECT_EQ(code_of(outcomes[1]), "constraint_violated");
  EXPECT_EQ(code_of(outcomes[2]), "ok");
  EXPECT_EQ(count_notes(*database), 2);
}

TEST_F(PostgresTest, CutConnectionRunsTheBatchAgainOnANewOne) {
  int runs = 0;
  const auto outcome = database->write([&](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, 1));
    if (++runs > 1) return {};
    return tx.exec_script("SELECT pg_terminate_backend(pg_backend_pid())");
  });
  EXPECT_EQ(detail_of(outcome), "ok");
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(count_notes(*database), 1);
}

TEST_F(PostgresTest, ServerThatWasStartedAgainIsFoundAgain) {
  ASSERT_TRUE(database->write([](Tx& tx) { return insert_note(tx, 1); }));
  ASSERT_EQ(count_notes(*database), 1);  // A reader has a connection, too.
  if (!restart_test_postgres()) GTEST_SKIP() << "the server is not ours to start again";
  EXPECT_EQ(count_notes(*database), 1);
  EXPECT_EQ(detail_of(database->write([](Tx& tx) { return insert_note(tx, 2); })), "ok");
  EXPECT_EQ(count_notes(*database), 2);
}

TEST_F(PostgresTest, NodesTakeTurnsAndLoseNothing) {
  const auto other = store->open().value();
  constexpr Query add{"test.add", "UPDATE notes SET number = number + 1 WHERE id = 1"};
  constexpr Query set{"test.set", "UPDATE notes SET number = 0 WHERE id = 1"};
  ASSERT_TRUE(database->write([&](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, 1));
    TRY(tx.exec(set));
    return {};
  }));
  std::vector<std::thread> writers;
  std::atomic<int> failed = 0;
  for (Database* node : {database.get(), other.get()}) {
    writers.emplace_back([&failed, &add, node] {
      for (int i = 0; i < 100; ++i) {
        if (!node->write([&](Tx& tx) { return tx.exec(add); })) ++failed;
      }
    });
  }
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(failed, 0);
  std::int64_t number = 0;
  constexpr Query get{"test.get", "SELECT number FROM notes WHERE id = 1"};
  ASSERT_TRUE(database->read([&](Tx& tx) {
    return tx.query(get, {}, [&](const Row& row) {
      number = row.integer(0);
      return true;
    });
  }));
  EXPECT_EQ(number, 200);
}

TEST_F(PostgresTest, LongQueryIsReadPieceByPieceAndMayEndEarly) {
  static constexpr Query numbers{"test.numbers", "SELECT * FROM generate_series(1, $1::bigint)",
                                 Rows::many};
  std::int64_t seen = 0;
  const auto count_to = [&](std::int64_t last) {
    return database->read([&](Tx& tx) {
      seen = 0;
      return tx.query(numbers, {5'000},
                      [&](const Row& row) { return ++seen && row.integer(0) < last; });
    });
  };
  EXPECT_EQ(code_of(count_to(10'000)), "ok");
  EXPECT_EQ(seen, 5'000);
  EXPECT_EQ(code_of(count_to(100)), "ok");
  EXPECT_EQ(seen, 100);
}

TEST_F(PostgresTest, ArraysCarryEveryValue) {
  static constexpr Query unnest{"test.unnest",
                                "SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[])"};
  using namespace std::string_literals;
  const std::string nasty = "a\"b\\c,{}'₸\n";
  Integers numbers;
  Texts texts;
  Blobs blobs;
  numbers.add(std::int64_t{INT64_MIN});
  numbers.add_null();
  texts.add(std::string_view(nasty));
  texts.add(std::string_view(""));
  blobs.add("\0\xff\\\""s);
  blobs.add("");
  int rows = 0;
  const auto outcome = database->read([&](Tx& tx) {
    return tx.query(unnest, {numbers.param(), texts.param(), blobs.param()}, [&](const Row& row) {
      const bool is_first = ++rows == 1;
      EXPECT_EQ(row.optional_integer(0), is_first ? std::optional(INT64_MIN) : std::nullopt);
      EXPECT_EQ(row.text(1), is_first ? nasty : "");
      EXPECT_EQ(row.blob(2), is_first ? "\0\xff\\\""s : ""s);
      return true;
    });
  });
  EXPECT_EQ(detail_of(outcome), "ok");
  EXPECT_EQ(rows, 2);
}

TEST_F(PostgresTest, ArraysMayBeEmptyOrNullAlone) {
  static constexpr Query count{
      "test.array_count", "SELECT cardinality($1::bigint[]), array_position($2::text[], NULL)"};
  Integers none;
  Texts nulls;
  nulls.add_null();
  const auto outcome = database->read([&](Tx& tx) {
    return tx.query(count, {none.param(), nulls.param()}, [&](const Row& row) {
      EXPECT_EQ(row.optional_integer(0), 0);
      EXPECT_EQ(row.optional_integer(1), 1);
      return true;
    });
  });
  EXPECT_EQ(detail_of(outcome), "ok");
}

TEST_F(PostgresTest, TextThatCannotBeKeptIsRefusedByName) {
  using namespace std::string_literals;
  const auto nul = database->write([](Tx& tx) { return insert_note(tx, 1, "a\0b"s); });
  EXPECT_TRUE(says(detail_of(nul), "validation_failed")) << detail_of(nul);
  const auto latin = database->write([](Tx& tx) { return insert_note(tx, 1, "\xe9t\xe9"); });
  EXPECT_TRUE(says(detail_of(latin), "validation_failed")) << detail_of(latin);
  EXPECT_EQ(count_notes(*database), 0);
}

TEST(PostgresUrl, OursAreTakenOutAndTheRestIsLeft) {
  const auto options =
      parse_postgres_url("postgres://u:p@h/d?sslmode=require&pool_size=3&statement_timeout=7&x=y");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->url, "postgres://u:p@h/d?sslmode=require&x=y");
  EXPECT_EQ(options->readers, 3);
  EXPECT_EQ(options->statement_timeout_ms, 7);
  const auto bad = parse_postgres_url("postgres://u:hush@h/d?pool_size=none");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().detail,
            "pool_size in the database URL must be a whole number from 1 to 500");
}

TEST(PostgresUrl, ProgramsAreToldByTheEnvironmentAlone) {
  const auto environment = postgres_environment(
      "postgres://ana:p%40ss@db:7/"
      "florin?pool_size=3&sslmode=verify-full&options=-csearch_path%3Ds");
  ASSERT_TRUE(environment) << environment.error().detail;
  using Variables = std::map<std::string, std::string>;
  EXPECT_EQ(*environment, (Variables{{"PGHOST", "db"},
                                     {"PGPORT", "7"},
                                     {"PGUSER", "ana"},
                                     {"PGPASSWORD", "p@ss"},
                                     {"PGDATABASE", "florin"},
                                     {"PGSSLMODE", "verify-full"},
                                     {"PGOPTIONS", "-csearch_path=s -c florin.tenant=*"}}));
  EXPECT_EQ(postgres_environment("postgres://h/d?password=hush")->at("PGPASSWORD"), "hush");
  const auto of_key = postgres_environment("postgres://h/d?sslpassword=hush");
  ASSERT_FALSE(of_key);
  EXPECT_TRUE(says(of_key.error().detail, "sslkey")) << of_key.error().detail;
  const auto none = postgres_environment("postgres://u:hush@h/d?no_such_thing=1");
  ASSERT_FALSE(none);
  EXPECT_FALSE(says(none.error().detail, "hush")) << none.error().detail;
}

}  // namespace
}  // namespace florin::sql
