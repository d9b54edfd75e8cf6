// The second wall: queries that forget the tenant still see one tenant alone (PostgreSQL).
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "app/data/sample_rows_fixture.h"
#include "app/modules.h"
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
constexpr sql::Query all_tables{
    "test.all_tables",
    "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM"
    " pg_policy p WHERE p.polrelid = c.oid) FROM pg_class c WHERE c.relnamespace ="
    " current_schema()::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname"};

/// Tables without rows of a tenant, and why that is so.
const std::map<std::string, std::string> common_tables{
    {"chain_links", "one link holds the changes of all tenants, as a hash"},
    {"key_losses", "times in which the books of all were written without their key"},
    {"node_leases", "the nodes' own"},
    {"nodes", "the nodes' own"},
    {"relay_cursors", "a position in the log of all"},
    {"schema_migrations", "the schema's own"},
    {"webhook_cursor", "a position in the log of all"},
};

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
  std::int64_t count(const sql::Query& query = careless_count) {
    std::int64_t seen = -1;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      return tx.query(query, {}, [&](const sql::Row& row) {
        seen = row.integer(0);
        return true;
      });
    }));
    return seen;
  }

  /// Statements as a query would be that forgot its tenant.
  Result<std::int64_t> run(const std::string& text, std::int64_t tenant = 0) {
    const sql::Query query{"test.careless_write", text};
    return database->write(
        [&](sql::Tx& tx) { return tenant == 0 ? tx.exec(query) : tx.exec(query, {tenant}); });
  }
  Result<std::int64_t> insert(const Sample& sample, std::int64_t tenant) {
    return run(insert_text(sample), tenant);
  }
  /// Writes what is there already, everywhere.
  std::int64_t touch(const Sample& sample) {
    const std::string column = sample.columns.substr(0, sample.columns.find(','));
    const auto touched = run("UPDATE " + sample.table + " SET " + column + " = " + column);
    return touched ? *touched : -1;
  }
  std::int64_t count(const Sample& sample) {
    const std::string text = "SELECT count(*) FROM " + sample.table;
    return count(sql::Query{"test.careless_read", text});
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

TEST_F(TenantWall, EveryTableIsGuardedOrHasAReasonNotToBe) {
  std::set<std::string> sampled;
  for (const Sample& sample : sample_rows()) sampled.insert(sample.table);
  EXPECT_TRUE(database->read([&](sql::Tx& tx) {
    return tx.query(all_tables, {}, [&](const sql::Row& row) {
      const std::string table(row.text(0));
      EXPECT_EQ(row.text(1) == "t", !common_tables.contains(table)) << table;
      EXPECT_EQ(sampled.contains(table), !common_tables.contains(table)) << table;
      return true;
    });
  }));
}

TEST_F(TenantWall, InEveryTableATenantReachesItsOwnRowsAlone) {
  for (const Sample& sample : sample_rows()) {
    for (const std::int64_t tenant : {11, 12}) ASSERT_TRUE(insert(sample, tenant)) << sample.table;
  }
  for (const Sample& sample : sample_rows()) {
    EXPECT_GE(touch(sample), 2) << sample.table;
    for (const auto& [tenant, rows] : {std::pair(11, 1), std::pair(12, 1), std::pair(13, 0)}) {
      const sql::TenantScope scope(tenant);
      EXPECT_EQ(count(sample), rows) << sample.table;
      EXPECT_EQ(touch(sample), rows) << sample.table;
      const auto foreign = insert(sample, 14);
      ASSERT_FALSE(foreign) << sample.table;
      EXPECT_NE(foreign.error().detail.find("row-level security"), std::string::npos)
          << sample.table << ": " << foreign.error().detail;
    }
  }
}

}  // namespace
}  // namespace florin::app
