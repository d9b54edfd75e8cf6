#include "platform/sql/engine_fixture.h"

#include "base/try.h"
#include "platform/sql/postgres_fixture.h"

namespace florin::sql {
namespace {

constexpr ErrorCode refused{ErrorKind::rejected, "refused_by_test"};

}  // namespace

std::vector<Engine> all_engines() {
  return {{"Sqlite", [] { return std::make_unique<SqliteTestStore>(); }},
          {"Postgres", [] { return std::make_unique<PostgresTestStore>(); }}};
}

void EngineTest::SetUp() {
  if (GetParam().name == "Postgres" && test_postgres_url().empty())
    GTEST_SKIP() << "there is no PostgreSQL server here";
  store_ = GetParam().make();
  reopen();
  ASSERT_EQ(code_of(create_notes(*database_)), "ok");
}

void EngineTest::reopen() {
  database_.reset();
  auto opened = store_->open();
  ASSERT_TRUE(opened) << opened.error().detail;
  database_ = *std::move(opened);
}

Database::Work inserting(std::int64_t id) {
  return [id](Tx& tx) { return insert_note(tx, id); };
}

Database::Work inserting_then_failing(std::int64_t id) {
  return [id](Tx& tx) -> Result<void> {
    TRY(insert_note(tx, id));
    return Error{refused, "the test wants it so"};
  };
}

Codes codes_of(Answers& answers) {
  Codes codes;
  for (const auto& outcome : answers.get()) codes.push_back(code_of(outcome));
  return codes;
}

}  // namespace florin::sql
