#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "platform/sql/database.h"
#include "platform/sql/writer_connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace florin::sql {

/// One SQLite connection with its prepared statements. Of one thread at a time.
class SqliteConnection {
 public:
  enum class Role : std::uint8_t { writer, reader, checkpointer };

  /// Opens the file of `options`; only a writer creates it.
  /// Errors: store_unavailable, store_full, store_corrupt.
  static Result<std::unique_ptr<SqliteConnection>> open(const SqliteOptions& options, Role role);

  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<std::int64_t> exec(const Query& query, std::span<const Param> params = {});
  Result<void> query(const Query& query, std::span<const Param> params, const RowVisitor& visit);
  Result<void> exec_script(std::string_view sql);

  /// False also when SQLite has rolled back by itself, as it does on a full disk.
  bool in_transaction() const;
  /// Pages in the write-ahead log after this connection's latest commit.
  int wal_pages() const { return wal_pages_; }
  /// Whether a commit has written to the log since this was last asked.
  bool take_committed() { return std::exchange(has_committed_, false); }

  enum class Checkpoint : std::uint8_t {
    passive,  ///< Copies what it can without standing in anybody's way.
    restart   ///< Also waits for readers of the log, so that the next writer starts it over.
  };
  struct CheckpointProgress {
    int wal_pages = 0;
    int copied_pages = 0;
    bool is_blocked = false;  ///< Somebody's lock was in the way for now; nothing is wrong.
  };
  Result<CheckpointProgress> checkpoint(Checkpoint kind);
  /// Reads every page of the file. Errors: store_unavailable.
  Result<PageReport> check_pages(const PageProgress& progress);
  /// The main file as SQLite names it: the whole path.
  std::string file_name() const;
  /// Brings what checkpoints have written so far to the disk: a passive one that did not reach the
  /// log's end leaves that to the one that does.
  Result<void> sync_file();
  /// The last connection of all processes takes the log away when it closes. Without this it stays:
  /// only a log that is known to be copied may go.
  void remove_log_when_last();

 private:
  struct StatementDeleter {
    void operator()(sqlite3_stmt* handle) const;
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, StatementDeleter> handle;
    std::vector<std::uint16_t> numbers;  ///< SQLite's parameter i + 1 stands for $numbers[i].
    std::size_t parameter_count = 0;     ///< The highest n of all $n.
  };
  class Use;

  explicit SqliteConnection(sqlite3* handle);
  Result<void> configure(const SqliteOptions& options, Role role);
  Result<void> run_pragma(const std::string& sql);
  Result<void> require_wal(const std::string& path);
  Result<Statement*> cached(const Query& query);
  Result<Statement> prepare(const Query& query, bool keep);
  Result<Use> bound(const Query& query, std::span<const Param> params);
  Result<void> bind(Statement& statement, const Query& query, std::span<const Param> params);
  static int on_commit(void* self, sqlite3* handle, const char* schema, int wal_pages);

  sqlite3* handle_;
  std::unordered_map<const Query*, Statement> statements_;
  int wal_pages_ = 0;
  bool has_committed_ = false;
};

/// The transaction a unit of work sees. Once SQLite has ended it on a fault, every further call
/// gets that fault: a unit that continues regardless must not write outside of a transaction.
class SqliteTx final : public WriterTx {
 public:
  explicit SqliteTx(SqliteConnection& connection) : connection_(connection) {}

  using Tx::exec;
  using Tx::query;
  Dialect dialect() const override { return Dialect::sqlite; }
  Result<std::int64_t> exec(const Query& query, std::span<const Param> params) override;
  Result<void> query(const Query& query, std::span<const Param> params,
                     const RowVisitor& visit) override;
  Result<void> exec_script(std::string_view sql) override;
  void see_only(std::int64_t) override {}

  std::optional<Error> fault() const override;

 private:
  template <class T>
  Result<T> watched(Result<T> outcome);

  SqliteConnection& connection_;
  std::optional<Error> fault_;
};

}  // namespace florin::sql
