#include "platform/sql/sqlite_backup.h"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/sqlite_checksum_vfs.h"
#include "platform/sql/sqlite_error.h"
#include "platform/sql/sqlite_files.h"

namespace florin::sql {
namespace {

constexpr int busy_timeout_ms = 5'000;
/// 4 MiB of the usual pages: often enough for progress, and no more calls than needed.
constexpr int pages_at_once = 1'024;

struct Close {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Result<Handle> open(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  constexpr int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | common, checksum_vfs());
  Handle handle(opened);
  if (code != SQLITE_OK) return sqlite_error(opened, code, "opening " + path);
  sqlite3_busy_timeout(opened, busy_timeout_ms);
  return handle;
}

Result<void> run(sqlite3* handle, const char* sql) {
  const int code = sqlite3_exec(handle, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle, code, "sql.backup");
  return {};
}

Result<void> copy_pages(sqlite3* from, sqlite3* to, const CopyProgress& progress) {
  struct Finish {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
  };
  const std::unique_ptr<sqlite3_backup, Finish> backup(
      sqlite3_backup_init(to, "main", from, "main"));
  if (!backup) return sqlite_error(to, sqlite3_errcode(to), "sql.backup");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    code = sqlite3_backup_step(backup.get(), pages_at_once);
    const std::int64_t all = sqlite3_backup_pagecount(backup.get());
    if (progress) progress(all - sqlite3_backup_remaining(backup.get()), all);
  }
  if (code != SQLITE_DONE) return sqlite_error(to, code, "sql.backup");
  return {};
}

}  // namespace

Result<void> copy_sqlite(const std::string& from, const std::string& to,
                         const CopyProgress& progress) {
  std::error_code unknown;
  if (std::filesystem::exists(to, unknown))
    return Error{errors::store_unavailable, "there is something at " + to + " already"};
  // What a damaged log has lost would be missing from the copy without a word.
  SqliteOptions looked;
  looked.path = from;
  const auto files = TRY(SqliteFiles::examine(looked));
  const Handle source = TRY(open(from, SQLITE_OPEN_READWRITE));
  sqlite3_db_config(source.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  const Handle target = TRY(open(to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  // A transaction that has read keeps its snapshot: without it each commit of a server would have
  // the copy begin again.
  TRY(run(source.get(), "BEGIN; SELECT count(*) FROM sqlite_schema"));
  const bool has_sums = has_page_sums(source.get());
  if (has_sums) begin_page_sums(target.get());
  TRY(copy_pages(source.get(), target.get(), progress));
  TRY(run(source.get(), "COMMIT"));
  if (has_sums) return {};
  // Written anew, the pages of a database from before get room for their checksums.
  reserve_page_sums(target.get());
  TRY(run(target.get(), "VACUUM"));
  return run(target.get(), "PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace florin::sql
