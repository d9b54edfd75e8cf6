#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "platform/sql/database.h"
#include "platform/sql/postgres_watch.h"

struct pg_conn;
struct pg_result;

namespace florin::sql {

/// One connection to PostgreSQL with its prepared statements. Of one thread at a time.
class PostgresConnection {
 public:
  enum class Role : std::uint8_t { writer, reader };

  /// Connects, and checks what florin needs of the server: version 13, and for a writer that it is
  /// no standby. Errors: store_unavailable.
  /// A server that is silent for longer than a statement may take counts as lost; `watch` outlives
  /// the connection.
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresOptions& options, Role role,
                                                          PostgresWatch& watch);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  Result<std::int64_t> exec(const Query& query, std::span<const Param> params = {});
  /// The server takes it while the caller continues (libpq's pipeline mode). Errors come with the
  /// next call that waits for an answer.
  Result<void> send(const Query& query, std::span<const Param> params);
  /// As send; the rows are visited by the call that waits for the answer.
  Result<void> enqueue(const Query& query, std::span<const Param> params, const RowVisitor& visit);
  /// The rows of what was asked are visited no more.
  void drop_queued();
  /// Waits for the answers of what was sent or asked; the error of the first statement that failed,
  /// after which the server took none.
  Result<void> sync();
  /// Waits for what is under way, whatever becomes of it: it is going to be undone.
  void discard();
  /// A statement that cannot fail by itself: it goes to the server with the next one.
  Result<void> post(const Query& query, std::span<const Param> params = {});
  Result<void> query(const Query& query, std::span<const Param> params, const RowVisitor& visit);
  /// Statements without parameters, in one message.
  Result<void> exec_script(std::string_view sql, std::string_view name = "script");

  /// Begins a transaction over one snapshot that sees one tenant's rows; 0: all.
  Result<void> begin_reading(std::int64_t tenant);
  /// Begins a transaction that writes, once no other session is in one of the same database and
  /// schema. Gives the transaction's number on the server.
  Result<std::string> begin_writing();
  /// Waits for what was sent and for the commit, in one round trip; nothing is committed when one
  /// of the statements failed.
  Result<void> commit();
  /// What the open transaction sees from here on; costs a message only where that changes.
  Result<void> see_only(std::int64_t tenant);
  /// After a savepoint was gone back to: what was set since then no longer holds.
  void forget_tenant() { tenant_.reset(); }

  bool is_lost() const;
  bool in_transaction() const;
  /// A statement of the transaction failed: nothing but undoing it, or a savepoint, helps.
  bool is_spoiled() const;

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, ResultDeleter>;
  struct Statement {
    std::string name, sql;
    std::size_t parameter_count = 0;  ///< The highest n of all $n.
  };

  struct Posted {
    std::string_view name;
    RowVisitor visit = {};   ///< None where nobody asked for rows.
    bool is_synced = false;  ///< A synchronisation point follows it.
  };

  explicit PostgresConnection(pg_conn* handle) : handle_(handle) {}
  Result<Answer> run_script(std::string_view sql, std::string_view name);
  Error fault(const pg_result* result, std::string_view what);
  Result<void> configure(const PostgresOptions& options, Role role);
  Result<const Statement*> prepared(const Query& query);
  Result<Answer> run(const Query& query, std::span<const Param> params);
  Result<void> put_sync_point();
  Result<void> leave_pipeline();
  Result<Answer> last_answer();
  Result<void> query_long(const Query& query, std::span<const Param> params,
                          const RowVisitor& visit);
  Result<void> visit_cursor(const Query& query, const std::string& cursor, const RowVisitor& visit);

  pg_conn* handle_;
  std::unique_ptr<PostgresWatch::Line> line_;  ///< None where a statement may take for ever.
  std::unordered_map<const Query*, Statement> statements_;
  std::int64_t lock_key_ =
      0;  ///< Names the database and its schema: nodes that share both compete.
  bool is_broken_ = false;
  std::optional<std::int64_t> tenant_;  ///< That the open transaction sees; nothing: not known.
  std::vector<Posted> posted_;          ///< Statements not answered yet.
  std::size_t bytes_posted_ = 0;        ///< Since the last synchronisation point.
  bool has_sent_ = false;               ///< One of them may fail.
  int last_statement_ = 0;
  int last_cursor_ = 0;
};

}  // namespace florin::sql
