#include "platform/sql/postgres_database.h"

#include <fmt/core.h>

#include <utility>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/postgres_writer.h"

namespace florin::sql {
namespace {
constexpr Query ping_query{"sql.ping", "SELECT 1"};
// Indexes whose making was broken off hold nobody to their rule; constraints may be unchecked.
constexpr Query integrity_query{
    "sql.check_integrity",
    "SELECT 'the index ' || c.relname || ' is not valid' FROM pg_index i JOIN pg_class c ON c.oid ="
    " i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = current_schema() AND NOT i.indisvalid"
    " UNION ALL "
    "SELECT 'the constraint ' || k.conname || ' is not validated' FROM pg_constraint k"
    " JOIN pg_namespace n ON n.oid = k.connamespace"
    " WHERE n.nspname = current_schema() AND NOT k.convalidated"};

constexpr Query checksums_query{
    "sql.check_pages",
    "SELECT CASE current_setting('data_checksums') WHEN 'on' THEN 1 ELSE 0 END, "
    "coalesce(checksum_failures, 0),"
    " coalesce(to_char(checksum_last_failure AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " '') FROM pg_stat_database WHERE datname = current_database()"};

/// Who asks whether the database answers wants to hear "no" soon.
PostgresOptions impatient(PostgresOptions options) {
  options.connect_timeout_s = 2;
  options.pool_timeout_ms = options.statement_timeout_ms = 2'000;
  return options;
}
}  // namespace

Result<std::unique_ptr<Database>> PostgresDatabase::open(const PostgresOptions& options) {
  using Role = PostgresConnection::Role;
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(options));
  auto writer = TRY(PostgresConnection::open(options, Role::writer, database->watch_));
  if (!options.read_only) {
    database->lane_ = std::make_unique<WriteLane>(
        std::make_unique<PostgresWriter>(options, database->watch_, std::move(writer)),
        options.max_batch);
    database->lane_->start([](const Result<void>&, int) {});
  }
  return std::unique_ptr<Database>(std::move(database));
}

PostgresDatabase::PostgresDatabase(const PostgresOptions& options)
    : readers_(options, watch_, options.readers), pinger_(impatient(options), watch_, 1) {}

PostgresDatabase::~PostgresDatabase() {
  if (lane_) lane_->stop();
}

void PostgresDatabase::submit(Work work, Done done, Undo undo) {
  if (lane_) return lane_->submit(std::move(work), std::move(done), undo);
  done(Error{errors::store_unavailable, "the database was opened for reading only"});
}

Result<void> PostgresDatabase::read_work(const Work& work) { return readers_.run(work); }

WriteStats PostgresDatabase::write_stats() const { return lane_ ? lane_->stats() : WriteStats{}; }

Result<void> PostgresDatabase::ping() {
  return pinger_.run(
      [](Tx& tx) { return tx.query(ping_query, {}, [](const Row&) { return true; }); });
}

Result<std::vector<std::string>> PostgresDatabase::check_integrity() {
  std::vector<std::string> faults;
  const auto outcome = read_work([&](Tx& tx) {
    return tx.query(integrity_query, {}, [&](const Row& row) {
      faults.emplace_back(row.text(0));
      return true;
    });
  });
  if (!outcome) return outcome.error();
  return faults;
}

Result<PageReport> PostgresDatabase::check_pages(const PageProgress&) {
  PageReport report;
  TRY(read_work([&](Tx& tx) {
    return tx.query(checksums_query, {}, [&](const Row& row) {
      report.has_checksums = row.integer(0) == 1;
      if (row.integer(1) > 0) {
        report.faults.push_back(fmt::format(
            "the server met {} pages that do not match their checksums, the latest at {}",
            row.integer(1), row.text(2)));
      }
      return false;
    });
  }));
  return report;
}

}  // namespace florin::sql
