#include "platform/sql/sqlite_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "platform/log/log.h"
#include "platform/sql/errors.h"
#include "platform/sql/wal_scan.h"

namespace florin::sql {
namespace {

namespace fs = std::filesystem;

using Record = CommitHead::Record;

/// What the log has lost, in words; nothing when it holds all that it must.
std::optional<std::string> damage_in(const WalScan& log, const std::optional<Record>& head) {
  const bool is_needed = head && !head->is_copied && head->end.pages > 0;
  if (log.is_empty) {
    if (!is_needed) return std::nullopt;
    return fmt::format("it is missing or empty, and {} pages in it were committed",
                       head->end.pages);
  }
  if (!log.is_header_whole) {
    if (!is_needed && !log.goes_on_behind_damage) return std::nullopt;
    return "its header is damaged";
  }
  const bool is_known = head && head->end.is_same_log(log.end);
  if (is_known && is_needed) {
    if (log.end.pages < head->end.pages)
      return fmt::format("page {} of it is damaged or missing, and {} pages were committed",
                         log.end.pages + 1, head->end.pages);
    if (log.wanted.check1 != head->end.check1 || log.wanted.check2 != head->end.check2)
      return "it is not the one that was written";
  }
  // The head of this boot knows every commit; behind them anything may stand.
  if (is_known && head->is_of_this_boot) return std::nullopt;
  if (!log.goes_on_behind_damage) return std::nullopt;
  return fmt::format("page {} of it is damaged, and transactions follow it", log.end.pages + 1);
}

Error damaged(const std::string& path, const std::string& what) {
  return {errors::wal_damaged,
          fmt::format("the write-ahead log {}-wal has lost transactions that were committed: {}. "
                      "Nothing was changed. Restore a backup, or put the log back; to continue "
                      "without what it lost, start with --accept-wal-loss (docs/runbook.md)",
                      path, what)};
}

/// What is given up stays for whoever wants to look into it.
void keep_copy(const std::string& log) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const std::string copy = fmt::format("{}.damaged-{}", log, now.count());
  std::error_code fault;
  fs::copy_file(log, copy, fault);
  if (!fault) fs::permissions(copy, fs::perms::owner_read | fs::perms::owner_write, fault);
}

Result<void> look_at_log(const SqliteOptions& options, CommitHead* head) {
  const auto record = head ? head->read() : std::nullopt;
  const WalScan log = TRY(scan_wal(options.path, record ? record->end.pages : 0));
  const auto damage = damage_in(log, record);
  if (!damage) return {};
  if (!options.accept_wal_loss || options.read_only) return damaged(options.path, *damage);
  log::warn("going on without transactions that the write-ahead log has lost",
            {{"file", options.path + "-wal"}, {"reason", *damage}});
  keep_copy(options.path + "-wal");
  if (head) head->write({}, true);
  return {};
}

}  // namespace

Result<std::unique_ptr<SqliteFiles>> SqliteFiles::examine(const SqliteOptions& options) {
  auto head = CommitHead::open(options.path, options.read_only);
  if (!head || head->enter()) {
    TRY(look_at_log(options, head.get()));
    if (head) head->has_looked();
  } else if (const auto record = head->read();
             record && !record->is_copied && !fs::exists(options.path + "-wal")) {
    return damaged(options.path, "it was removed while another process has the database open");
  }
  return std::unique_ptr<SqliteFiles>(new SqliteFiles(options.path, std::move(head)));
}

SqliteFiles::SqliteFiles(std::string path, std::unique_ptr<CommitHead> head)
    : path_(std::move(path)), head_(std::move(head)) {}

SqliteFiles::~SqliteFiles() {
  if (wal_ >= 0) ::close(wal_);
}

void SqliteFiles::watch() {
  // A process that opens the database later would make a new index of the log ("-shm") beside ours,
  // and the two would not know of each other.
  for (const char* ending : {"", "-wal", "-shm"}) {
    Watched file{path_ + ending};
    struct stat state {};
    if (::stat(file.path.c_str(), &state) != 0) continue;
    file.device = state.st_dev;
    file.inode = state.st_ino;
    watched_.push_back(std::move(file));
  }
  // SQLite has no locks on the log, so that closing this later drops none.
  wal_ = ::open((path_ + "-wal").c_str(), O_RDONLY | O_CLOEXEC);
}

Result<void> SqliteFiles::check() const {
  for (const Watched& file : watched_) {
    struct stat state {};
    const bool is_there = ::stat(file.path.c_str(), &state) == 0;
    if (is_there && state.st_ino == file.inode && state.st_dev == file.device) continue;
    return Error{errors::store_unavailable,
                 fmt::format("the file {} was {} under the running process", file.path,
                             is_there ? "replaced" : "removed or renamed")};
  }
  return {};
}

void SqliteFiles::note_commit(int wal_pages) {
  if (!head_) return;
  if (const auto end = wal_point(wal_, static_cast<std::uint32_t>(wal_pages)))
    head_->write(*end, false);
}

void SqliteFiles::note_copied(int wal_pages) {
  if (!head_) return;
  const auto record = head_->read();
  if (!record) return;
  // A log that starts over has no page yet: what it held before is copied.
  const auto end =
      wal_pages == 0 ? record->end : wal_point(wal_, static_cast<std::uint32_t>(wal_pages));
  if (!end) return;
  // Another process may have committed more since.
  if (record->end.is_same_log(*end) && record->end.pages > end->pages) return;
  head_->write(*end, true);
}

}  // namespace florin::sql
