#include "platform/sql/sqlite_writer.h"

#include <utility>

#include "base/try.h"
#include "platform/log/log.h"

namespace florin::sql {
namespace {
// IMMEDIATE: the lock is taken, and waited for, before any work is done; nothing fails half-way.
constexpr Query begin_query{"sql.begin", "BEGIN IMMEDIATE"};
constexpr Query commit_query{"sql.commit", "COMMIT"};
constexpr Query rollback_query{"sql.rollback", "ROLLBACK"};
constexpr Query savepoint_query{"sql.savepoint", "SAVEPOINT unit"};
constexpr Query release_query{"sql.release", "RELEASE unit"};
constexpr Query undo_query{"sql.undo", "ROLLBACK TO unit"};
}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<SqliteConnection> connection, SqliteFiles& files)
    : connection_(std::move(connection)), files_(files) {}

Result<void> SqliteWriter::begin() {
  if (connection_->in_transaction()) roll_back();
  return run(begin_query);
}

/// A commit into files that nobody will find again would be no commit.
Result<void> SqliteWriter::commit() {
  TRY(files_.check());
  TRY(run(commit_query));
  if (!connection_->take_committed()) return {};
  files_.note_commit(connection_->wal_pages());
  auto checked = files_.check();
  if (checked) return {};
  Error lost = std::move(checked).error();
  lost.detail += "; whether the commit was kept is not known";
  return lost;
}

/// SQLite may have done it already: on a full disk it ends the transaction by itself.
void SqliteWriter::roll_back() {
  if (!connection_->in_transaction()) return;
  if (const auto outcome = connection_->exec(rollback_query); !outcome) {
    log::error("cannot roll back", {{"reason", outcome.error().detail}});
  }
}

Result<void> SqliteWriter::set_savepoint() { return run(savepoint_query); }
Result<void> SqliteWriter::undo_to_savepoint() { return run(undo_query); }
Result<void> SqliteWriter::release_savepoint() { return run(release_query); }

std::unique_ptr<WriterTx> SqliteWriter::unit() { return std::make_unique<SqliteTx>(*connection_); }

Result<void> SqliteWriter::run(const Query& query) {
  TRY(connection_->exec(query));
  return {};
}

}  // namespace florin::sql
