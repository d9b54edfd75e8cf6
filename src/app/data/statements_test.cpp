// Every statement that a described table gives fits the schema.
#include <gtest/gtest.h>

#include "app/modules.h"
#include "base/clock.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/table.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

bool is_of_sets(const std::string& text) { return text.find("unnest(") != std::string::npos; }

void expect_all_are_taken(sql::Database& database, const std::string& prepare) {
  ASSERT_TRUE(sql::migrate(database, all_migrations(), Timestamp{}));
  const auto texts = sql::Statement::all_texts();
  EXPECT_GT(texts.size(), 80U);
  for (const std::string& text : texts) {
    if (database.dialect() == sql::Dialect::sqlite && is_of_sets(text)) continue;
    const auto taken = database.write([&](sql::Tx& tx) { return tx.exec_script(prepare + text); });
    EXPECT_TRUE(taken) << text << "\n" << taken.error().detail;
  }
}

TEST(Statements, FitTheSchemaOnSqlite) {
  const auto database = std::move(*sql::open_sqlite({.path = ":memory:"}));
  expect_all_are_taken(*database, "EXPLAIN ");
}

TEST(Statements, FitTheSchemaOnPostgres) {
  const auto database = std::move(*sql::open_test_database());
  if (database->dialect() != sql::Dialect::postgres)
    GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  expect_all_are_taken(*database, "DEALLOCATE ALL; PREPARE statement AS ");
}

}  // namespace
}  // namespace florin::app
