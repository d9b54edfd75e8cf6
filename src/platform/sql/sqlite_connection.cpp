#include "platform/sql/sqlite_connection.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/page_damage.h"
#include "platform/sql/refusable_row.h"
#include "platform/sql/sqlite_checksum_vfs.h"
#include "platform/sql/sqlite_error.h"
#include "platform/sql/sqlite_page_scan.h"

namespace florin::sql {
namespace {

/// How long a checkpoint that wants the log started over lets the write lane stand still.
constexpr int restart_wait_ms = 10;

class SqliteRow final : public RefusableRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool is_null(int column) const override {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  std::int64_t integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  std::string_view text(int column) const override { return bytes(column); }
  std::string_view blob(int column) const override { return bytes(column); }

 private:
  /// SQLite gives text as a blob without a copy, too.
  std::string_view bytes(int column) const {
    const void* data = sqlite3_column_blob(statement_, column);
    if (!data) return {};
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

  sqlite3_stmt* statement_;
};

int step(sqlite3_stmt* statement) {
  errno = 0;
  return sqlite3_step(statement);
}

/// The n of "$n"; nothing for another kind of placeholder.
std::optional<std::uint16_t> placeholder_number(const char* name) {
  const std::string_view text = name ? name : "";
  if (text.size() < 2 || text.front() != '$') return std::nullopt;
  std::uint16_t number = 0;
  const auto [end, fault] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

/// Borrowed bytes are safe: the statement is reset and cleared before the caller gets control back.
int bind_value(sqlite3_stmt* statement, int index, const Param& param) {
  const char* bytes = param.bytes.data() ? param.bytes.data() : "";  // A null pointer means NULL.
  switch (param.kind) {
    case Param::Kind::integer:
      return sqlite3_bind_int64(statement, index, param.integer);
    case Param::Kind::text:
      return sqlite3_bind_text64(statement, index, bytes, param.bytes.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    case Param::Kind::blob:
      return sqlite3_bind_blob64(statement, index, bytes, param.bytes.size(), SQLITE_STATIC);
    case Param::Kind::null:
      break;
  }
  return sqlite3_bind_null(statement, index);
}

/// Once per process, before SQLite starts: its memory statistics put a global lock around every
/// allocation, and nobody reads them.
void configure_library() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)done;
}

/// A new database holds money and names: only its owner may read it. The log takes over the mode.
void create_privately(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  // Closing a file drops every lock this process has on it; a file that is new has none yet.
  if (file >= 0) ::close(file);
}

/// A file whose folder cannot be written, without a log: nobody changes it, and SQLite could not
/// make the files beside it that it needs to share it.
bool is_still(const SqliteOptions& options) {
  if (!options.read_only) return false;
  const std::filesystem::path file(options.path);
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  std::error_code fault;
  return ::faccessat(AT_FDCWD, folder.c_str(), W_OK, AT_EACCESS) != 0 &&
         !std::filesystem::exists(options.path + "-wal", fault);
}

/// The file as SQLite is to open it: a path, or a URI that says that it stands still.
std::string name_for(const SqliteOptions& options) {
  if (!options.read_only) return options.path;
  std::string uri = "file:";
  for (const char c : options.path) {
    if (std::string_view("?#%").find(c) == std::string_view::npos) {
      uri += c;
    } else {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    }
  }
  return is_still(options) ? uri + "?immutable=1" : uri;
}

int open_flags(const SqliteOptions& options, SqliteConnection::Role role) {
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.read_only) return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  if (role == SqliteConnection::Role::writer) {
    return common | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return common | SQLITE_OPEN_READWRITE;
}

int cache_kib(const SqliteOptions& options, SqliteConnection::Role role) {
  switch (role) {
    case SqliteConnection::Role::writer:
      return options.writer_cache_mib * 1'024;
    case SqliteConnection::Role::reader:
      return options.reader_cache_mib * 1'024;
    case SqliteConnection::Role::checkpointer:
      break;
  }
  return 64;  // A checkpoint copies from file to file; it has no use for a cache.
}

}  // namespace

void SqliteConnection::StatementDeleter::operator()(sqlite3_stmt* handle) const {
  sqlite3_finalize(handle);
}

/// A statement while it runs: afterwards it is reset and forgets what was bound.
class SqliteConnection::Use {
 public:
  explicit Use(Statement& shared) : statement_(&shared) {}
  explicit Use(Statement&& own)
      : own_(std::make_unique<Statement>(std::move(own))), statement_(own_.get()) {}
  Use(Use&& other) noexcept
      : own_(std::move(other.own_)), statement_(std::exchange(other.statement_, nullptr)) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (!statement_) return;
    sqlite3_reset(handle());
    sqlite3_clear_bindings(handle());
  }

  Statement& statement() { return *statement_; }
  sqlite3_stmt* handle() { return statement_->handle.get(); }

 private:
  std::unique_ptr<Statement> own_;
  Statement* statement_;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const SqliteOptions& options,
                                                                 Role role) {
  configure_library();
  if (role == Role::writer && !options.read_only) create_privately(options.path);

  sqlite3* handle = nullptr;
  errno = 0;
  const int code = sqlite3_open_v2(name_for(options).c_str(), &handle, open_flags(options, role),
                                   checksum_vfs());
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code == SQLITE_OK) {
    TRY(connection->configure(options, role));
    return connection;
  }
  return sqlite_error(handle, code, fmt::format("cannot open the database {}", options.path));
}

SqliteConnection::SqliteConnection(sqlite3* handle) : handle_(handle) {}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close(handle_);
}

Result<void> SqliteConnection::configure(const SqliteOptions& options, Role role) {
  sqlite3_busy_timeout(handle_, options.busy_timeout_ms);
  // Double quotes are for names only, as in PostgreSQL; nothing may write around the SQL layer.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);

  TRY(run_pragma(fmt::format("PRAGMA cache_size = -{}", cache_kib(options, role))));
  TRY(run_pragma("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0"));
  TRY(run_pragma("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"));
  if (role == Role::reader || options.read_only) {
    // Reading the schema opens the file and its log for real: damage and locks show here.
    return run_pragma("PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema");
  }
  if (sqlite3_db_readonly(handle_, "main") == 1) {
    return Error{
        errors::store_unavailable,
        fmt::format("the database {} cannot be written with these permissions", options.path)};
  }
  if (role == Role::writer) reserve_page_sums(handle_);
  TRY(run_pragma("PRAGMA journal_mode = WAL; SELECT count(*) FROM sqlite_schema"));
  TRY(require_wal(options.path));
  // Zeroes what is deleted where that costs no further page.
  TRY(run_pragma("PRAGMA secure_delete = FAST"));
  TRY(run_pragma(fmt::format("PRAGMA journal_size_limit = {}",
                             std::int64_t{options.wal_limit_mib} * 1'024 * 1'024)));
  // The hook takes the place of automatic checkpoints.
  sqlite3_wal_hook(handle_, &SqliteConnection::on_commit, this);
  return {};
}

Result<void> SqliteConnection::run_pragma(const std::string& sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return sqlite_error(handle_, code, fmt::format("cannot open the database {}", file_name()));
}

/// SQLite keeps its old journal, without an error, on a file system that cannot share memory.
Result<void> SqliteConnection::require_wal(const std::string& path) {
  static constexpr Query journal_mode{"sql.journal_mode", "PRAGMA journal_mode"};
  bool is_wal = false;
  TRY(query(journal_mode, {}, [&](const Row& row) {
    is_wal = row.text(0) == "wal";
    return true;
  }));
  if (is_wal) return {};
  return Error{errors::store_unavailable,
               fmt::format("the file system of {} cannot hold a write-ahead log", path)};
}

int SqliteConnection::on_commit(void* self, sqlite3*, const char*, int wal_pages) {
  auto* const connection = static_cast<SqliteConnection*>(self);
  connection->wal_pages_ = wal_pages;
  connection->has_committed_ = true;
  return SQLITE_OK;
}

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Result<SqliteConnection::Statement> SqliteConnection::prepare(const Query& query, bool keep) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, query.sql.data(), static_cast<int>(query.sql.size()),
                                      keep ? SQLITE_PREPARE_PERSISTENT : 0, &handle, nullptr);
  Statement statement;
  statement.handle.reset(handle);
  if (code != SQLITE_OK) return sqlite_error(handle_, code, query.name);

  // SQLite numbers placeholders by their first appearance; ours are numbered by what they say.
  const int count = sqlite3_bind_parameter_count(handle);
  for (int index = 1; index <= count; ++index) {
    const auto number = placeholder_number(sqlite3_bind_parameter_name(handle, index));
    if (!number) {
      return Error{florin::errors::internal_error,
                   fmt::format("{}: placeholders are written $1, $2, ...", query.name)};
    }
    statement.numbers.push_back(*number);
    statement.parameter_count = std::max<std::size_t>(statement.parameter_count, *number);
  }
  return statement;
}

Result<SqliteConnection::Statement*> SqliteConnection::cached(const Query& query) {
  const auto found = statements_.find(&query);
  // The text is compared as well: a query that is not static may stand where another one stood.
  if (found != statements_.end() && sqlite3_sql(found->second.handle.get()) == query.sql) {
    return &found->second;
  }
  Statement fresh = TRY(prepare(query, true));
  Statement& kept = statements_[&query];
  kept = std::move(fresh);
  return &kept;
}

Result<SqliteConnection::Use> SqliteConnection::bound(const Query& query,
                                                      std::span<const Param> params) {
  Statement* statement = TRY(cached(query));
  // A visitor may run the query whose rows it is given: that needs a second statement.
  const bool is_running = sqlite3_stmt_busy(statement->handle.get()) != 0;
  if (is_running) {
    Statement second = TRY(prepare(query, false));
    Use use(std::move(second));
    TRY(bind(use.statement(), query, params));
    return use;
  }
  Use use(*statement);
  TRY(bind(use.statement(), query, params));
  return use;
}

Result<void> SqliteConnection::bind(Statement& statement, const Query& query,
                                    std::span<const Param> params) {
  if (params.size() != statement.parameter_count) {
    return Error{florin::errors::internal_error,
                 fmt::format("{}: {} parameters for {} placeholders", query.name, params.size(),
                             statement.parameter_count)};
  }
  int index = 0;
  for (const std::uint16_t number : statement.numbers) {
    const int code = bind_value(statement.handle.get(), ++index, params[number - 1]);
    if (code != SQLITE_OK) return sqlite_error(handle_, code, query.name);
  }
  return {};
}

Result<std::int64_t> SqliteConnection::exec(const Query& query, std::span<const Param> params) {
  Use use = TRY(bound(query, params));
  const std::int64_t before = sqlite3_total_changes64(handle_);
  int code = step(use.handle());
  while (code == SQLITE_ROW) code = step(use.handle());
  if (code != SQLITE_DONE) return sqlite_error(handle_, code, query.name);

  // SQLite leaves the count of an earlier statement standing when this one changes no row.
  if (sqlite3_total_changes64(handle_) == before) return std::int64_t{0};
  return std::int64_t{sqlite3_changes64(handle_)};
}

Result<void> SqliteConnection::query(const Query& query, std::span<const Param> params,
                                     const RowVisitor& visit) {
  Use use = TRY(bound(query, params));
  const SqliteRow row(use.handle());
  int code = step(use.handle());
  while (code == SQLITE_ROW) {
    const bool goes_on = visit(row);
    if (!row.refusal().empty()) return Error{errors::store_corrupt, row.refusal()};
    if (!goes_on) return {};
    code = step(use.handle());
  }
  if (code != SQLITE_DONE) return sqlite_error(handle_, code, query.name);
  return {};
}

Result<void> SqliteConnection::exec_script(std::string_view sql) {
  errno = 0;
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return sqlite_error(handle_, code, "script");
  return {};
}

Result<SqliteConnection::CheckpointProgress> SqliteConnection::checkpoint(Checkpoint kind) {
  const bool restart = kind == Checkpoint::restart;
  if (restart) sqlite3_busy_timeout(handle_, restart_wait_ms);
  CheckpointProgress progress;
  errno = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      handle_, "main", restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE,
      &progress.wal_pages, &progress.copied_pages);
  progress.is_blocked = (code & 0xff) == SQLITE_BUSY;
  if (code != SQLITE_OK && !progress.is_blocked) return sqlite_error(handle_, code, "checkpoint");
  return progress;
}

Result<void> SqliteConnection::sync_file() {
  sqlite3_file* file = nullptr;
  errno = 0;
  int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (code == SQLITE_OK)
    code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
  if (code != SQLITE_OK) return sqlite_error(handle_, code, "checkpoint");
  return {};
}

Result<PageReport> SqliteConnection::check_pages(const PageProgress& progress) {
  return scan_pages(handle_, progress);
}

std::string SqliteConnection::file_name() const {
  const char* name = sqlite3_db_filename(handle_, "main");
  return name ? name : "";
}

void SqliteConnection::remove_log_when_last() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

std::optional<Error> SqliteTx::fault() const {
  if (connection_.in_transaction()) return std::nullopt;
  if (fault_) return fault_;
  return Error{florin::errors::internal_error, "a unit of work ended its transaction by itself"};
}

template <class T>
Result<T> SqliteTx::watched(Result<T> outcome) {
  if (!outcome && !fault_ && !connection_.in_transaction()) fault_ = outcome.error();
  return outcome;
}

Result<std::int64_t> SqliteTx::exec(const Query& query, std::span<const Param> params) {
  if (auto ended = fault()) return *std::move(ended);
  return watched(connection_.exec(query, params));
}

Result<void> SqliteTx::query(const Query& query, std::span<const Param> params,
                             const RowVisitor& visit) {
  if (auto ended = fault()) return *std::move(ended);
  return watched(connection_.query(query, params, visit));
}

Result<void> SqliteTx::exec_script(std::string_view sql) {
  if (auto ended = fault()) return *std::move(ended);
  return watched(connection_.exec_script(sql));
}

}  // namespace florin::sql
