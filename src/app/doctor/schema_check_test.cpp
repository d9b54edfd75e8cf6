#include "app/doctor/schema_check.h"

#include <gtest/gtest.h>

#include "app/modules.h"
#include "base/clock.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

/// Over PostgreSQL where there is a server, otherwise over SQLite.
class SchemaCheck : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sql::migrate(*database, all_migrations(), clock.now())); }
  std::string faults_after(const std::string& script) {
    const auto ran = database->write([&](sql::Tx& tx) { return tx.exec_script(script); });
    EXPECT_TRUE(ran) << ran.error().detail;
    const auto faults = schema_faults(*database);
    EXPECT_TRUE(faults) << faults.error().detail;
    std::string text;
    for (const std::string& fault : *faults) text += fault + "\n";
    return text;
  }

  FakeClock clock;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
};

TEST_F(SchemaCheck, WhatTheMigrationsMadeHasNoFaults) { EXPECT_EQ(faults_after("SELECT 1"), ""); }

TEST_F(SchemaCheck, AColumnThatIsGoneIsNamed) {
  EXPECT_EQ(faults_after("ALTER TABLE partners DROP COLUMN max_amount"),
            "column partners.max_amount is missing\n");
}

TEST_F(SchemaCheck, AColumnOfAnotherTypeIsNamed) {
  if (database->dialect() == sql::Dialect::sqlite) GTEST_SKIP() << "SQLite cannot change a type";
  EXPECT_EQ(faults_after("ALTER TABLE partners ALTER COLUMN max_amount TYPE text"),
            "column partners.max_amount is not as florin made it\n");
  EXPECT_EQ(faults_after("ALTER TABLE partners ALTER COLUMN code DROP NOT NULL"),
            "column partners.code is not as florin made it\n"
            "column partners.max_amount is not as florin made it\n");
}

TEST_F(SchemaCheck, AnIndexThatIsGoneIsNamed) {
  EXPECT_EQ(faults_after("DROP INDEX partners_by_code"), "index partners_by_code is missing\n");
}

}  // namespace
}  // namespace florin::app
