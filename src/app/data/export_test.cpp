// What an export holds: every table and column that the migrations make, on both engines.
#include "app/data/export.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "app/data/sample_rows_fixture.h"
#include "app/data/schema.h"
#include "app/modules.h"
#include "base/clock.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

using Database = std::unique_ptr<sql::Database>;

/// Rows that are no tenant's.
const std::vector<Sample> common_rows{
    {"chain_links", "chain, sequence, first_id, last_id, records, hash, created_at_us",
     "n, n, n, n, 1, '', 0"},
    {"key_losses", "lost_at_us, lost_key", "n, 'k'"},
    {"webhook_cursor", "name, event_id", "'c', n"},
    {"relay_cursors", "name, event_id", "'c', n"},
};
/// Of the processes that work on a database, and of bulks that are under way.
const std::set<std::string> left_out{"nodes", "node_leases", "schema_migrations", "large_bulks",
                                     "large_bulk_slices"};

class ExportTest : public testing::Test {
 protected:
  Database migrated(Database database) {
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    return database;
  }
  Database sqlite() { return migrated(std::move(*sql::open_sqlite({.path = ":memory:"}))); }
  /// Null, and the test skipped, where there is no server.
  Database postgres() {
    Database database = std::move(*sql::open_test_database());
    if (database->dialect() != sql::Dialect::postgres) return nullptr;
    return migrated(std::move(database));
  }
  static void fill(sql::Database& database) {
    std::vector<Sample> samples = sample_rows();
    samples.insert(samples.end(), common_rows.begin(), common_rows.end());
    for (const Sample& sample : samples) {
      if (left_out.contains(sample.table)) continue;
      const std::string text = insert_text(sample);
      const sql::Query query{"test.insert", text};
      const auto written = database.write([&](sql::Tx& tx) { return tx.exec(query, {7}); });
      ASSERT_TRUE(written) << written.error().detail;
    }
  }
  static std::string exported(sql::Database& database) {
    std::ostringstream out;
    const auto rows = export_all(database, out, nullptr);
    EXPECT_TRUE(rows) << rows.error().detail;
    return out.str();
  }
  static void import_into(sql::Database& database, const std::string& text) {
    std::istringstream in(text);
    const auto rows = import_all(database, in, nullptr);
    ASSERT_TRUE(rows) << rows.error().detail;
  }

  FakeClock clock;
};

TEST_F(ExportTest, TheSchemaOfBothEnginesIsOne) {
  const Database server = postgres();
  if (!server) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  const auto there = server->read([](sql::Tx& tx) { return sql::read_catalogue(tx); });
  ASSERT_TRUE(there) << there.error().detail;
  const auto ours = schema();
  ASSERT_TRUE(ours);
  std::vector<sql::CatalogueTable> by_name = **ours;
  std::sort(by_name.begin(), by_name.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  ASSERT_EQ(there->size(), by_name.size());
  for (std::size_t i = 0; i < by_name.size(); ++i) {
    EXPECT_EQ((*there)[i].name, by_name[i].name);
    ASSERT_EQ((*there)[i].columns.size(), by_name[i].columns.size()) << by_name[i].name;
    for (std::size_t c = 0; c < by_name[i].columns.size(); ++c) {
      const sql::CatalogueColumn &a = (*there)[i].columns[c], &b = by_name[i].columns[c];
      EXPECT_EQ(a.name, b.name) << by_name[i].name;
      EXPECT_TRUE(a == b) << by_name[i].name << "." << b.name;
    }
  }
}

TEST_F(ExportTest, NoTableAndNoNullIsLostFromOneEngineToTheOther) {
  const Database server = postgres();
  if (!server) GTEST_SKIP() << "FLORIN_TEST_POSTGRES names no server";
  fill(*server);
  const std::string text = exported(*server);
  for (const sql::CatalogueTable& table : **schema()) {
    EXPECT_EQ(text.find("{\"" + table.name + "\":[") != std::string::npos,
              !left_out.contains(table.name))
        << table.name;
  }
  const Database file = sqlite();
  import_into(*file, text);
  EXPECT_EQ(exported(*file), text);
  const Database other = postgres();
  import_into(*other, exported(*file));
  EXPECT_EQ(exported(*other), text);
}

TEST_F(ExportTest, AnImportIntoADatabaseWithRowsIsRefused) {
  const Database file = sqlite();
  const std::string empty = exported(*file);
  import_into(*file, empty);
  ASSERT_TRUE(file->write([](sql::Tx& tx) {
    return tx.exec_script("INSERT INTO tenants (id, name, created_at_us) VALUES (1, 'a', 0)");
  }));
  std::istringstream in(empty);
  const auto refused = import_all(*file, in, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code.name, "import_refused");
  EXPECT_NE(refused.error().detail.find("tenants"), std::string::npos);
}

TEST_F(ExportTest, ADamagedFileIsRefusedAndNamesTheLine) {
  const Database source = sqlite();
  ASSERT_TRUE(source->write([](sql::Tx& tx) {
    return tx.exec_script("INSERT INTO tenants (id, name, created_at_us) VALUES (1, 'abc', 0)");
  }));
  const std::string text = exported(*source);
  const auto detail_with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const Database target = sqlite();
    std::istringstream in(changed);
    const auto refused = import_all(*target, in, nullptr);
    EXPECT_FALSE(refused);
    return refused ? std::string() : refused.error().detail;
  };
  EXPECT_NE(detail_with("\"abc\"", "\"abd\"").find("foot"), std::string::npos);
  EXPECT_NE(detail_with("\"abc\"", "5").find("line 2"), std::string::npos);
  EXPECT_NE(detail_with("\"abc\",", "").find("line 2"), std::string::npos);
  EXPECT_NE(detail_with("\"tenants\"", "\"nodes\"").find("line 2"), std::string::npos);
  EXPECT_NE(detail_with("\"abc\"", "null").find("line 2"), std::string::npos);
  EXPECT_NE(detail_with("florin_export", "florin_import").find("head"), std::string::npos);
  EXPECT_NE(detail_with(text.substr(text.rfind("{\"rows\"")), "").find("foot is missing"),
            std::string::npos);
}

}  // namespace
}  // namespace florin::app
