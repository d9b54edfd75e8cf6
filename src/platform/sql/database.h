#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"

namespace florin::crypto {
class SealKey;
}

namespace florin::sql {
class Sealer;
class SealingTx;

/// How a query's rows are fetched where that makes a difference.
enum class Rows : std::uint8_t {
  few,  ///< All at once.
  many  ///< Piece by piece: there may be very many, or the visitor stops early.
};

/// Whose rows a query sees inside of a TenantScope.
enum class Sees : std::uint8_t {
  own,
  all  ///< Of every tenant: for what no answer shows, such as the order of a common log.
};

/// A statement with its name; the name labels metrics and errors. Queries are constants with static
/// storage: the address identifies the prepared statement. Placeholders are $1, $2, ... in both
/// dialects; SQL is written in what SQLite and PostgreSQL share.
struct Query {
  std::string_view name;
  std::string_view sql;
  Rows rows = Rows::few;
  Sees sees = Sees::own;
};

/// A value bound to a placeholder. Text and blobs are borrowed until the call returns.
class Param {
 public:
  enum class Kind : std::uint8_t { null, integer, text, blob };
  Param(std::nullptr_t) {}                                     // NOLINT: implicit on purpose
  Param(std::int64_t v) : kind(Kind::integer), integer(v) {}   // NOLINT
  Param(int v) : kind(Kind::integer), integer(v) {}            // NOLINT
  Param(bool v) : kind(Kind::integer), integer(v ? 1 : 0) {}   // NOLINT
  Param(std::string_view v) : kind(Kind::text), bytes(v) {}    // NOLINT
  Param(const std::string& v) : kind(Kind::text), bytes(v) {}  // NOLINT
  Param(const char* v) : kind(Kind::text), bytes(v) {}         // NOLINT
  template <class T>
  Param(const std::optional<T>& v) {  // NOLINT
    if (v) *this = Param(*v);
  }
  static Param blob(std::string_view v) {
    Param param(v);
    param.kind = Kind::blob;
    return param;
  }

  Kind kind = Kind::null;
  std::int64_t integer = 0;
  std::string_view bytes;
};

/// The row a query stands on; views are valid until the callback returns. Columns count from 0.
class Row {
 public:
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;   ///< 0 for NULL
  virtual std::string_view text(int column) const = 0;  ///< empty for NULL
  virtual std::string_view blob(int column) const = 0;  ///< empty for NULL
  std::optional<std::int64_t> optional_integer(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  std::optional<std::string> optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional<std::string>(text(column));
  }

 protected:
  ~Row() = default;
};

/// Return false to stop early.
using RowVisitor = std::function<bool(const Row&)>;

enum class Dialect : std::uint8_t { sqlite, postgres };

/// An open transaction: of one thread, valid only inside the unit of work it was given to.
class Tx {
 public:
  virtual ~Tx() = default;
  /// For the few places where one engine is served in another way.
  virtual Dialect dialect() const = 0;
  /// Whether many rows are best written by one statement over arrays (see Array).
  bool takes_sets() const { return dialect() == Dialect::postgres; }

  /// Runs a statement and returns the number of rows it changed.
  /// Errors: constraint_violated, store_unavailable, store_full, store_corrupt,
  /// store_conflict (PostgreSQL: the unit of work will be run again).
  virtual Result<std::int64_t> exec(const Query& query, std::span<const Param> params) = 0;
  /// As exec, where nobody asks how many rows it changed. PostgreSQL takes it, and several after
  /// it, while the caller continues: the error of one is then returned by a later call, or undoes
  /// the unit of work at its end. Parameters may go as soon as this returns.
  virtual Result<void> send(const Query& query, std::span<const Param> params) {
    const auto changed = exec(query, params);
    return changed ? Result<void>() : changed.error();
  }
  /// Calls `visit` for each row.
  virtual Result<void> query(const Query& query, std::span<const Param> params,
                             const RowVisitor& visit) = 0;
  /// Waits for what was sent or enqueued; the error of the first statement that failed.
  virtual Result<void> sync() { return {}; }
  /// From here on this unit of work sees one tenant's rows; 0: all. See TenantScope.
  virtual void see_only(std::int64_t tenant) = 0;
  /// Runs several statements of text that is not known at compile time (migrations only).
  virtual Result<void> exec_script(std::string_view sql) = 0;
  /// The key that rows are sealed and links are made with; null: without one.
  virtual const crypto::SealKey* seal_key() const { return nullptr; }

  Result<std::int64_t> exec(const Query& q, std::initializer_list<Param> params = {}) {
    return exec(q, std::span(params.begin(), params.size()));
  }
  Result<void> send(const Query& q, std::initializer_list<Param> params = {}) {
    return send(q, std::span(params.begin(), params.size()));
  }
  Result<void> query(const Query& q, std::initializer_list<Param> params, const RowVisitor& visit) {
    return query(q, std::span(params.begin(), params.size()), visit);
  }

 private:
  friend class Pipeline;
  friend class SealingTx;
  virtual Result<void> enqueue(const Query& q, std::span<const Param> params,
                               const RowVisitor& visit) {
    return query(q, params, visit);
  }
  virtual void drop_queued() {}
};

/// Queries sent without waiting for each other: PostgreSQL answers them in one round trip. Belongs
/// to one unit of work.
class Pipeline {
 public:
  explicit Pipeline(Tx& tx) : tx_(tx) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  /// Discards pending answers: their visitors may reference objects destroyed with this one.
  ~Pipeline() { tx_.drop_queued(); }

  /// As Tx::query, but `visit` may be called later, by sync() at the latest. Parameters may go as
  /// soon as this returns.
  Result<void> enqueue(const Query& q, std::initializer_list<Param> params,
                       const RowVisitor& visit) {
    return tx_.enqueue(q, std::span(params.begin(), params.size()), visit);
  }
  /// Waits for the answers, which come in the order of the queries. When one fails, earlier ones
  /// may have been visited.
  Result<void> sync() { return tx_.sync(); }

 private:
  Tx& tx_;
};

/// Who undoes a unit of work that fails inside the lane's transaction.
enum class Undo : std::uint8_t {
  savepoint,  ///< Its own savepoint: the work may write and then return an error; only it is
              ///< undone.
  batch  ///< Work that decides before it writes: an error means the database failed, and undoes
         ///< the whole batch. Cheaper by two statements.
};

/// What the writing side has done since it was opened, for /metrics. Totals only grow.
struct WriteStats {
  std::uint64_t commits = 0;         ///< Transactions that became durable.
  std::uint64_t units = 0;           ///< Units of work done, refused ones too.
  std::uint64_t failed_units = 0;    ///< Of these, undone with an error.
  std::uint64_t commit_us = 0;       ///< Time in COMMIT, with its fsync.
  std::uint64_t busy_us = 0;         ///< Time from the begin of a batch to its last `done`.
  std::uint64_t last_batch = 0;      ///< Units in the latest batch.
  std::uint64_t last_commit_us = 0;  ///< The latest COMMIT.
  std::uint64_t queue_length = 0;    ///< Units that wait now.
  std::uint64_t wal_bytes = 0;       ///< Log in use since it was last started over (SQLite).
  std::uint64_t wal_restarts =
      0;  ///< Times the lane stood still to let the log start over (SQLite).
  std::uint64_t failed_checkpoints = 0;
  std::uint64_t failed_batches = 0;  ///< Transactions that the database did not take.
  std::string write_fault;           ///< Why it did not take the latest one; empty: it took it.
  /// Pages that did not match their checksum when this process read them (SQLite).
  std::vector<std::uint32_t> damaged_pages;
};

/// The result of reading every page of the database.
struct PageReport {
  bool has_checksums = false;  ///< Without them nothing was compared.
  std::int64_t pages = 0;      ///< Compared; 0 where the server does it by itself.
  std::vector<std::string> faults;
};
using PageProgress = std::function<void(std::int64_t done_pages, std::int64_t all_pages)>;

/// While it lives, what this thread reads and writes through read() and write() can see the rows of
/// one tenant alone: a second wall on PostgreSQL (row-level security), beneath the tenant that
/// every query names. SQLite has none. Without it, all tenants are seen: that is for background
/// work.
class TenantScope {
 public:
  explicit TenantScope(std::int64_t tenant);
  TenantScope(const TenantScope&) = delete;
  TenantScope& operator=(const TenantScope&) = delete;
  ~TenantScope();
  /// The thread's own; 0: all.
  static std::int64_t current();

 private:
  const std::int64_t outer_;
};

/// A database with units of work. Safe for concurrent use.
///
/// A write is durable (on disk, fsync done) before `done` or the return of `write`. Writes that
/// wait at the same time share one commit. A unit of work is short and does no network I/O.
class Database {
 public:
  using Work = std::function<Result<void>(Tx&)>;
  using Done = std::function<void(const Result<void>&)>;

  virtual ~Database() = default;
  virtual Dialect dialect() const = 0;

  /// Queues the work and returns at once. `done` runs once on the writer's thread, after the commit
  /// or with the error that undid the work; it must be short and must not wait for the database.
  /// When the database is closing, `done` gets store_unavailable, possibly before submit returns.
  virtual void submit(Work work, Done done, Undo undo = Undo::savepoint) = 0;

  /// Runs the work over a consistent snapshot, on the caller's thread. It cannot write, and must
  /// not start another read: when all readers do so they wait for each other.
  virtual Result<void> read_work(const Work& work) = 0;
  /// submit() and wait. Never call it from the writer's thread.
  Result<void> write_work(Work work, Undo undo = Undo::savepoint);

  /// A few loads of counters; never waits for the database.
  virtual WriteStats write_stats() const = 0;
  /// A cheap query that shows whether the database answers (for health pages and doctor).
  virtual Result<void> ping() = 0;
  /// The engine's own full check of its file; minutes on large ones. Empty: no fault found.
  virtual Result<std::vector<std::string>> check_integrity() = 0;
  /// Reads every page and compares its checksum; minutes on large files. PostgreSQL does so when it
  /// reads one, and counts what it found.
  /// Errors: those of reading.
  virtual Result<PageReport> check_pages(const PageProgress& progress) = 0;

  /// From now on what is written is sealed. Before the first write; null: nothing is.
  void seal_with(std::shared_ptr<const Sealer> sealer) {
    sealer_ = std::move(sealer);
    hand_to_writer(sealer_.get());
  }
  const Sealer* sealer() const { return sealer_.get(); }

  /// A unit of work that gives a value: `db.write([&](Tx& tx) -> Result<Account> {...})`.
  template <class F>
  auto write(F&& work) -> decltype(work(std::declval<Tx&>())) {
    return with_value<F>(work, [this](Work inner) { return write_work(std::move(inner)); });
  }
  template <class F>
  auto read(F&& work) -> decltype(work(std::declval<Tx&>())) {
    return with_value<F>(work, [this](const Work& inner) { return read_work(inner); });
  }

 private:
  template <class F, class Run>
  auto with_value(F& work, Run run) -> decltype(work(std::declval<Tx&>())) {
    using R = decltype(work(std::declval<Tx&>()));
    if constexpr (std::is_same_v<R, Result<void>>) {
      return run(Work(std::ref(work)));
    } else {
      std::optional<R> value;
      Result<void> outcome = run([&](Tx& tx) -> Result<void> {
        value.emplace(work(tx));
        if (!*value) return value->error();
        return {};
      });
      if (!outcome) return std::move(outcome).error();
      return std::move(*value);
    }
  }

  virtual void hand_to_writer(const Sealer* /*sealer*/) {}

  std::shared_ptr<const Sealer> sealer_;
};

struct SqliteOptions {
  std::string path;             ///< File; ":memory:" is a private database in memory (tests).
  bool read_only = false;       ///< For commands that inspect a live database.
  int readers = 4;              ///< Snapshots open at the same time; further ones wait.
  int busy_timeout_ms = 5'000;  ///< How long to wait for another process's lock.
  int writer_cache_mib = 64;
  int reader_cache_mib = 8;       ///< Each.
  std::size_t max_batch = 1'024;  ///< Units of work in one commit.
  int wal_limit_mib = 128;        ///< The write-ahead log is started over beyond this size.
  bool accept_wal_loss = false;  ///< Open also when the log has lost commits; a copy of it is kept.
};

/// Opens or creates the file: WAL, synchronous=FULL, foreign keys on, the write lane and the
/// checkpoint thread started.
/// When its files are removed or replaced while it is open, everything fails with
/// store_unavailable. Errors: store_unavailable (missing folder, locked, permissions),
/// store_corrupt, wal_damaged.
Result<std::unique_ptr<Database>> open_sqlite(const SqliteOptions& options);

struct PostgresOptions {
  /// As libpq knows it: postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full.
  std::string url;
  bool read_only = false;             ///< No writer; for commands that inspect.
  int readers = 8;                    ///< Connections for snapshots; further ones wait.
  int pool_timeout_ms = 10'000;       ///< How long to wait for one of them.
  int connect_timeout_s = 5;          ///< At least 2.
  int statement_timeout_ms = 30'000;  ///< Of one statement; 0: none.
  int lock_timeout_ms = 10'000;       ///< Waiting for another session's lock; 0: for ever.
  std::size_t max_batch = 1'024;      ///< Units of work in one commit.
};

/// Connects to a PostgreSQL server (13 or later). Units of work run one after another in every
/// process, and processes take turns: what holds on SQLite, where one writes at a time, holds here.
/// A connection that breaks is made again; a batch that another session's lock or the break undid
/// is run again, so that a unit of work may run more than once before its `done`.
/// Errors: store_unavailable; the detail names the setting to change and never shows the password.
Result<std::unique_ptr<Database>> open_postgres(const PostgresOptions& options);

/// What a command may do to the database it opens.
struct Access {
  bool read_only = false;        ///< It exists, and is not changed in any way.
  bool accept_wal_loss = false;  ///< As in SqliteOptions.
};

/// Opens by URL: "sqlite:PATH", or "postgres://..." as libpq knows it, which may also carry
/// pool_size, pool_timeout_ms, statement_timeout and lock_timeout (both in milliseconds).
/// Errors: as open_sqlite and open_postgres; validation_failed for an unknown scheme.
Result<std::unique_ptr<Database>> open(std::string_view url, Access access = {});

}  // namespace florin::sql
