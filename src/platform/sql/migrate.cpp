#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/migration.h"
#include "platform/sql/migration_text.h"

namespace florin::sql {
namespace {

constexpr Query create_table{"sql.create_schema_migrations",
                             "CREATE TABLE IF NOT EXISTS schema_migrations ("
                             "  module        TEXT   NOT NULL,"
                             "  name          TEXT   NOT NULL,"
                             "  checksum      TEXT   NOT NULL,"
                             "  applied_at_us BIGINT NOT NULL,"
                             "  PRIMARY KEY (module, name))"};
constexpr Query find_table_sqlite{"sql.find_schema_migrations",
                                  "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'"};
constexpr Query find_table_postgres{
    "sql.find_schema_migrations",
    "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = "
    "'schema_migrations'"};
constexpr Query select_records{
    "sql.select_schema_migrations",
    "SELECT module, name, checksum, applied_at_us FROM schema_migrations ORDER BY module, name"};
constexpr Query insert_record{
    "sql.insert_schema_migration",
    "INSERT INTO schema_migrations (module, name, checksum, applied_at_us) "
    "VALUES ($1, $2, $3, $4)"};

/// A migration for the dialect at hand, with the name that is recorded.
struct Step {
  std::string module, name, checksum;
  std::string_view sql;
};

struct Record {
  std::string checksum;
  Timestamp applied_at;
};
using Records = std::map<std::pair<std::string, std::string>, Record>;

/// The recorded name of a migration; nothing when it is for the other dialect.
std::optional<std::string_view> name_for(std::string_view name, Dialect dialect) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return name;
  const std::string_view wanted = dialect == Dialect::sqlite ? "sqlite" : "postgres";
  if (name.substr(dot + 1) != wanted) return std::nullopt;
  return name.substr(0, dot);
}

/// Modules keep the order they are given in; the steps of one are sorted by name.
std::vector<Step> steps_for(std::span<const Migration> migrations, Dialect dialect) {
  std::vector<Step> steps;
  std::map<std::string_view, int> order_of_modules;
  for (const Migration& migration : migrations) {
    const auto name = name_for(migration.name, dialect);
    if (!name) continue;
    order_of_modules.emplace(migration.module, static_cast<int>(order_of_modules.size()));
    const crypto::Sha256 digest = crypto::sha256(migration.sql);
    steps.push_back({std::string(migration.module), std::string(*name),
                     crypto::to_hex(crypto::bytes_of(digest)), migration.sql});
  }
  std::stable_sort(steps.begin(), steps.end(), [&](const Step& a, const Step& b) {
    if (a.module == b.module) return a.name < b.name;
    return order_of_modules.at(a.module) < order_of_modules.at(b.module);
  });
  return steps;
}

/// Empty for a database that was never migrated.
Result<Records> load_records(Tx& tx, Dialect dialect) {
  bool has_table = false;
  TRY(tx.query(dialect == Dialect::sqlite ? find_table_sqlite : find_table_postgres, {},
               [&](const Row&) { return has_table = true; }));
  Records records;
  if (!has_table) return records;
  TRY(tx.query(select_records, {}, [&](const Row& row) {
    records[{std::string(row.text(0)), std::string(row.text(1))}] = {std::string(row.text(2)),
                                                                     Timestamp{row.integer(3)}};
    return true;
  }));
  return records;
}

Result<void> check(const Records& records, const std::vector<Step>& steps) {
  for (const auto& [key, record] : records) {
    const std::string& module = key.first;
    const std::string& name = key.second;
    const auto known = std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
      return step.module == module && step.name == name;
    });
    if (known == steps.end()) {
      return Error{
          errors::schema_mismatch,
          fmt::format("the database was written by a newer florin ({} {}); use that version",
                      module, name)};
    }
    if (known->checksum != record.checksum) {
      return Error{
          errors::schema_mismatch,
          fmt::format("the migration {} {} has changed since it was applied", module, name)};
    }
  }
  return {};
}

Result<void> run_script(Tx& tx, Dialect dialect, std::string_view written) {
  const std::string text = TRY(migration_text(written, dialect));
  return tx.exec_script(text);
}

/// True when the step was applied now, false when it had been before. The records are read again
/// inside the transaction: another process may be at the same work.
Result<bool> apply(Tx& tx, Dialect dialect, const std::vector<Step>& steps, const Step& step,
                   Timestamp now) {
  const Records records = TRY(load_records(tx, dialect));
  TRY(check(records, steps));
  if (records.contains({step.module, step.name})) return false;
  if (auto outcome = run_script(tx, dialect, step.sql); !outcome) {
    Error error = std::move(outcome).error();
    error.detail =
        fmt::format("the migration {} {} failed: {}", step.module, step.name, error.detail);
    return error;
  }
  TRY(tx.exec(insert_record, {step.module, step.name, step.checksum, now.us}));
  return true;
}

}  // namespace

Result<std::vector<std::string>> migrate(Database& database, std::span<const Migration> migrations,
                                         Timestamp now) {
  const Dialect dialect = database.dialect();
  const std::vector<Step> steps = steps_for(migrations, dialect);
  // Refuses a database of a newer florin before anything is written to it.
  TRY(migration_states(database, migrations));
  TRY(database.write([](Tx& tx) { return tx.exec(create_table); }));

  std::vector<std::string> applied;
  for (const Step& step : steps) {
    const bool is_new =
        TRY(database.write([&](Tx& tx) { return apply(tx, dialect, steps, step, now); }));
    if (is_new) applied.push_back(step.module + " " + step.name);
  }
  return applied;
}

Result<std::vector<MigrationState>> migration_states(Database& database,
                                                     std::span<const Migration> migrations) {
  const std::vector<Step> steps = steps_for(migrations, database.dialect());
  const Records records =
      TRY(database.read([&](Tx& tx) { return load_records(tx, database.dialect()); }));
  TRY(check(records, steps));

  std::vector<MigrationState> states;
  for (const Step& step : steps) {
    MigrationState state{step.module, step.name, step.checksum, false, Timestamp{}};
    if (const auto found = records.find({step.module, step.name}); found != records.end()) {
      state.applied = true;
      state.applied_at = found->second.applied_at;
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace florin::sql
