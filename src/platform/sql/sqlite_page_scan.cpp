#include "platform/sql/sqlite_page_scan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "platform/sql/page_checksum.h"
#include "platform/sql/page_damage.h"
#include "platform/sql/sqlite_checksum_vfs.h"
#include "platform/sql/sqlite_error.h"
#include "platform/sql/wal_scan.h"

namespace florin::sql {
namespace {

constexpr std::int64_t pages_between_progress = 4'096;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Result<Statement> prepare(sqlite3* connection, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return sqlite_error(connection, code, "sql.check_pages");
  return Statement(statement);
}

Result<std::int64_t> number_from(sqlite3* connection, const std::string& sql) {
  const Statement statement = TRY(prepare(connection, sql));
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_ROW) return sqlite_error(connection, code, "sql.check_pages");
  return std::int64_t{sqlite3_column_int64(statement.get(), 0)};
}

/// What the processes that share the log agree on: how much of it holds, and how much is copied.
/// Source: SQLite's "WAL-mode File Format", section "The WAL-Index File Format".
struct LogState {
  std::uint32_t salt1 = 0, salt2 = 0;
  std::uint32_t frames = 0;
  std::uint32_t copied = 0;
};

class Scan {
 public:
  Scan(sqlite3* connection, sqlite3_file* file, std::size_t page_bytes)
      : connection_(connection), file_(file), page_(page_bytes) {}

  Result<void> run(const PageProgress& progress) {
    sqlite3_int64 bytes = 0;
    int code = file_->pMethods->xFileSize(file_, &bytes);
    if (code != SQLITE_OK) return failed(code);
    const auto size = static_cast<std::int64_t>(page_.size());
    const std::int64_t count = bytes / size;
    for (std::int64_t done = 0; done < count; ++done) {
      TRY(look_at(static_cast<std::uint32_t>(done + 1)));
      if (progress && done % pages_between_progress == 0) progress(done, count);
    }
    if (progress) progress(count, count);
    report_.pages = count;
    if (bytes % size != 0)
      report_.faults.push_back(fmt::format("the file ends in the middle of page {}", count + 1));
    if (!damaged_.empty())
      report_.faults.push_back(
          fmt::format("{} of the database {} not match {}{}", name_pages(damaged_),
                      damaged_.size() == 1 ? "does" : "do",
                      damaged_.size() == 1 ? "its checksum" : "their checksums", owners()));
    return look_at_log();
  }

  PageReport report() && { return std::move(report_); }

 private:
  Error failed(int code) const { return sqlite_error(connection_, code, "sql.check_pages"); }

  Result<bool> is_whole(std::uint32_t number) {
    const auto size = static_cast<std::int64_t>(page_.size());
    const int code = file_->pMethods->xRead(file_, page_.data(), static_cast<int>(page_.size()),
                                            (std::int64_t{number} - 1) * size);
    if (code != SQLITE_OK) return failed(code);
    return is_page_whole(page_, number);
  }

  Result<void> look_at(std::uint32_t number) {
    // A page that is being copied from the log just now looks torn, and stands in the log.
    if (TRY(is_whole(number)) || stands_in_log(number)) return {};
    if (TRY(is_whole(number)) || stands_in_log(number)) return {};
    damaged_.push_back(number);
    return {};
  }

  std::optional<LogState> log_state() const {
    constexpr int region_bytes = 32'768;
    void volatile* memory = nullptr;
    const int code = file_->pMethods->xShmMap(file_, 0, region_bytes, 0, &memory);
    if (code != SQLITE_OK || memory == nullptr) return std::nullopt;
    file_->pMethods->xShmBarrier(file_);
    const auto word = [&](std::size_t at) {
      return static_cast<const volatile std::uint32_t*>(memory)[at / sizeof(std::uint32_t)];
    };
    return LogState{word(32), word(36), word(16), word(96)};
  }

  std::string log_path() const {
    return std::string(sqlite3_db_filename(connection_, "main")) + "-wal";
  }

  /// Whether the log holds a later version of the page, which is not copied yet.
  bool stands_in_log(std::uint32_t number) const {
    const auto state = log_state();
    if (!state || state->frames <= state->copied) return false;
    // SQLite has no locks on the log, so that closing it drops none.
    const int log = ::open(log_path().c_str(), O_RDONLY | O_CLOEXEC);
    if (log < 0) return false;
    bool is_there = false;
    for (std::uint32_t frame = state->copied + 1; frame <= state->frames && !is_there; ++frame)
      is_there = wal_page_number(log, frame, page_.size()) == number;
    ::close(log);
    return is_there;
  }

  /// Readers take pages from the log as they are: only who opens a database sums its log up.
  Result<void> look_at_log() {
    const auto before = log_state();
    if (!before || before->frames == 0) return {};
    const WalScan log = TRY(scan_wal(sqlite3_db_filename(connection_, "main"), 0));
    const auto after = log_state();
    const bool is_same = after && after->salt1 == before->salt1 && after->salt2 == before->salt2;
    if (!is_same || log.end.pages >= before->frames) return {};
    report_.faults.push_back(fmt::format("page {} of the write-ahead log is damaged, of {}",
                                         log.end.pages + 1, before->frames));
    return {};
  }

  /// The tables and indexes that cannot be read through; empty when damage lies elsewhere.
  std::string owners() const {
    std::vector<std::string> names;
    const auto trees = prepare(connection_,
                               "SELECT type, name, tbl_name FROM sqlite_schema WHERE rootpage > 0 "
                               "ORDER BY tbl_name, name");
    if (!trees) return "";
    const auto text = [&](int column) {
      return std::string(reinterpret_cast<const char*>(sqlite3_column_text(trees->get(), column)));
    };
    while (sqlite3_step(trees->get()) == SQLITE_ROW) {
      const std::string way = text(0) == "index" ? "INDEXED BY \"" + text(1) + "\"" : "NOT INDEXED";
      const auto count =
          number_from(connection_, fmt::format("SELECT count(*) FROM \"{}\" {}", text(2), way));
      if (!count) names.push_back(text(1));
    }
    if (names.empty()) return "";
    return fmt::format("; not to be read through: {}", fmt::join(names, ", "));
  }

  sqlite3* connection_;
  sqlite3_file* file_;
  std::vector<char> page_;
  std::vector<std::uint32_t> damaged_;
  PageReport report_{true, 0, {}};
};

}  // namespace

Result<PageReport> scan_pages(sqlite3* connection, const PageProgress& progress) {
  // Also opens the log.
  const std::int64_t page_bytes = TRY(number_from(connection, "PRAGMA page_size"));
  TRY(number_from(connection, "SELECT count(*) FROM sqlite_schema"));
  if (!has_page_sums(connection)) return PageReport{};
  Scan scan(connection, system_file(connection), static_cast<std::size_t>(page_bytes));
  TRY(scan.run(progress));
  return std::move(scan).report();
}

}  // namespace florin::sql
