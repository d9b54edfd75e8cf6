#include "platform/sql/sqlite_database.h"

#include <fmt/core.h>

#include <utility>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/page_damage.h"
#include "platform/sql/sqlite_writer.h"

namespace florin::sql {
namespace {
constexpr Query ping_query{"sql.ping", "SELECT 1 FROM sqlite_schema LIMIT 1"};
constexpr Query integrity_query{"sql.check_integrity", "PRAGMA integrity_check(100)"};
constexpr Query foreign_keys_query{
    "sql.check_foreign_keys",
    "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 100"};
}  // namespace

Result<std::unique_ptr<Database>> SqliteDatabase::open(SqliteOptions options) {
  std::unique_ptr<TemporaryFolder> folder;
  if (options.path == ":memory:") {
    TemporaryFolder made = TRY(TemporaryFolder::make());
    folder = std::make_unique<TemporaryFolder>(std::move(made));
    options.path = folder->path() + "/florin.db";
  }
  auto files = TRY(SqliteFiles::examine(options));
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(options));
  database->files_ = std::move(files);
  database->folder_ = std::move(folder);
  if (!options.read_only) TRY(database->start_writing(options));
  TRY(database->ping());
  return std::unique_ptr<Database>(std::move(database));
}

SqliteDatabase::SqliteDatabase(const SqliteOptions& options)
    : options_(options), readers_(options, options.readers), pinger_(options, 1) {}

SqliteDatabase::~SqliteDatabase() {
  if (!lane_) return;
  lane_->stop();
  last_ = checkpointer_->stop();
  checkpointer_.reset();
  lane_.reset();
  close_log();
}

/// The log may go when it is known that all of it is in the file, and when the file is still there.
void SqliteDatabase::close_log() {
  const auto progress = last_->checkpoint(SqliteConnection::Checkpoint::passive);
  if (!progress || progress->is_blocked || progress->copied_pages < progress->wal_pages) return;
  files_->note_copied(progress->wal_pages);
  if (files_->check()) last_->remove_log_when_last();
}

Result<void> SqliteDatabase::start_writing(const SqliteOptions& options) {
  using Role = SqliteConnection::Role;
  auto writer = TRY(SqliteConnection::open(options, Role::writer));
  auto copier = TRY(SqliteConnection::open(options, Role::checkpointer));
  file_name_ = copier->file_name();
  forget_page_damage(file_name_);
  files_->watch();
  lane_ = std::make_unique<WriteLane>(std::make_unique<SqliteWriter>(std::move(writer), *files_),
                                      options.max_batch);
  checkpointer_ = std::make_unique<Checkpointer>(std::move(copier), *lane_, options.wal_limit_mib);
  lane_->start([this](const Result<void>& outcome, int wal_pages) {
    checkpointer_->after_batch(outcome, wal_pages);
  });
  return {};
}

void SqliteDatabase::submit(Work work, Done done, Undo undo) {
  if (lane_) return lane_->submit(std::move(work), std::move(done), undo);
  done(Error{errors::store_unavailable, "the database was opened for reading only"});
}

Result<void> SqliteDatabase::read_work(const Work& work) {
  // A reader that is opened now would read another file of that name.
  TRY(files_->check());
  return readers_.run(work);
}

WriteStats SqliteDatabase::write_stats() const {
  if (!lane_) return {};
  WriteStats stats = lane_->stats();
  checkpointer_->add_to(stats);
  stats.damaged_pages = damaged_pages(file_name_);
  return stats;
}

Result<void> SqliteDatabase::ping() {
  TRY(files_->check());
  return pinger_.run(
      [](Tx& tx) { return tx.query(ping_query, {}, [](const Row&) { return true; }); });
}

Result<std::vector<std::string>> SqliteDatabase::check_integrity() {
  std::vector<std::string> faults;
  const auto outcome = read_work([&](Tx& tx) -> Result<void> {
    TRY(tx.query(integrity_query, {}, [&](const Row& row) {
      if (row.text(0) != "ok") faults.emplace_back(row.text(0));
      return true;
    }));
    return tx.query(foreign_keys_query, {}, [&](const Row& row) {
      faults.push_back(fmt::format("row {} of {} refers to nothing in {}", row.integer(1),
                                   row.text(0), row.text(2)));
      return true;
    });
  });
  if (!outcome) return outcome.error();
  return faults;
}

Result<PageReport> SqliteDatabase::check_pages(const PageProgress& progress) {
  TRY(files_->check());
  auto connection = TRY(SqliteConnection::open(options_, SqliteConnection::Role::reader));
  return connection->check_pages(progress);
}

}  // namespace florin::sql
