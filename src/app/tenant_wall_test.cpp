// The second wall: queries that forget the tenant still see one tenant alone (PostgreSQL).
#include <gtest/gtest.h>

#include "app/migrations.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/migration.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

constexpr sql::Query careless_count{"test.careless", "SELECT count(*) FROM events"};
constexpr sql::Query careless_delete{"test.careless_delete", "DELETE FROM events"};
constexpr sql::Query careless_gift{"test.careless_gift", "UPDATE events SET tenant_id = 5"};
constexpr sql::Query unguarded{
    "test.unguarded",
    "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND"
    " a.attname = 'tenant_id' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"};

class TenantWall : public testing::Test {
 protected:
  void SetUp() override {
    if (database->dialect() != sql::Dialect::postgres)
      GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server; SQLite has no second wall";
    ASSERT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    for (const std::int64_t tenant : {5, 5, 6}) ASSERT_TRUE(add(tenant));
  }

  Result<void> add(std::int64_t tenant) {
    const events::NewEvent event{{tenant}, "a.b", "s", "{}", "key_1", "", clock.now()};
    return database->write([&](sql::Tx& tx) -> Result<void> {
      TRY(log.append(tx, event));
      return {};
    });
  }
  std::int64_t count() {
    std::int64_t seen = -1;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      return tx.query(careless_count, {}, [&](const sql::Row& row) {
        seen = row.integer(0);
        return true;
      });
    }));
    return seen;
  }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  events::EventLog log{*database, ids};
};

TEST_F(TenantWall, AQueryWithoutATenantSeesTheScopesRowsAlone) {
  EXPECT_EQ(count(), 3);
  {
    const sql::TenantScope scope(5);
    EXPECT_EQ(count(), 2);
    {
      const sql::TenantScope inner(6);
      EXPECT_EQ(count(), 1);
    }
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(count(), 3);
}

TEST_F(TenantWall, AWriteReachesNoOtherTenant) {
  {
    const sql::TenantScope scope(6);
    EXPECT_TRUE(add(6));
    // Nor can a row be given to another tenant.
    EXPECT_FALSE(database->write(
        [](sql::Tx& tx) { return tx.exec(careless_gift, std::span<sql::Param>()); }));
    const auto deleted = database->write(
        [](sql::Tx& tx) { return tx.exec(careless_delete, std::span<sql::Param>()); });
    ASSERT_TRUE(deleted);
    EXPECT_EQ(*deleted, 2);
  }
  EXPECT_EQ(count(), 2);
}

TEST_F(TenantWall, TheScopeOfOneUnitEndsWithIt) {
  {
    const sql::TenantScope scope(6);
    EXPECT_TRUE(add(6));
  }
  EXPECT_TRUE(add(5));
  EXPECT_EQ(count(), 5);
}

TEST_F(TenantWall, EveryTableWithATenantIsGuarded) {
  std::string names;
  EXPECT_TRUE(database->read([&](sql::Tx& tx) {
    return tx.query(unguarded, {}, [&](const sql::Row& row) {
      names += std::string(row.text(0)) + " ";
      return true;
    });
  }));
  EXPECT_EQ(names, "");
}

}  // namespace
}  // namespace florin::app
