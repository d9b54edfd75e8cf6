#include "platform/sql/postgres_writer.h"

#include <fmt/core.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/try.h"
#include "platform/log/log.h"
#include "platform/sql/errors.h"

namespace florin::sql {
namespace {

constexpr Query savepoint_query{"sql.savepoint", "SAVEPOINT unit"};
constexpr Query release_query{"sql.release", "RELEASE unit"};
/// Numbers that a crash took away with the unwritten end of the log are given again after it: then
/// "committed" may be said of somebody else's transaction. Recovery leaves another checkpoint.
#define FLORIN_SERVER_LIFE \
  "CAST(pg_postmaster_start_time() AS TEXT) || CAST(checkpoint_lsn AS TEXT)"
constexpr Query life_query{"sql.life",
                           "SELECT " FLORIN_SERVER_LIFE " FROM pg_control_checkpoint()"};
constexpr Query fate_query{
    "sql.fate",
    "SELECT CASE WHEN life = $2 THEN pg_xact_status($1::xid8)"
    " WHEN $1::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'aborted'"
    " WHEN pg_xact_status($1::xid8) = 'committed' THEN 'doubtful' ELSE 'aborted' END"
    " FROM (SELECT " FLORIN_SERVER_LIFE " AS life FROM pg_control_checkpoint()) AS server"};
#undef FLORIN_SERVER_LIFE

/// What is known of the server's life is so old at most: a checkpoint of every day in between makes
/// an outcome doubtful, too.
constexpr auto life_is_known_for = std::chrono::seconds(1);

/// The outcome of a commit that nobody answered is asked for so long.
constexpr auto patience = std::chrono::seconds(20);
constexpr auto between_attempts = std::chrono::milliseconds(100);

}  // namespace

// ---------------------------------------------------------------- a unit's transaction

std::optional<Error> PostgresTx::fault() const {
  if (!connection_.is_lost() && connection_.in_transaction()) return std::nullopt;
  if (failure_) return failure_;
  return Error{florin::errors::internal_error, "a unit of work ended its transaction by itself"};
}

std::optional<Error> PostgresTx::spoiled() const {
  return connection_.is_spoiled() ? failure_ : std::nullopt;
}

template <class T>
Result<T> PostgresTx::watched(Result<T> outcome) {
  if (!outcome && !failure_ && (connection_.is_spoiled() || connection_.is_lost()))
    failure_ = outcome.error();
  return outcome;
}

Result<std::int64_t> PostgresTx::exec(const Query& query, std::span<const Param> params) {
  if (failure_) return *failure_;
  TRY(watched(connection_.see_only(query.sees == Sees::all ? 0 : tenant_)));
  return watched(connection_.exec(query, params));
}

Result<void> PostgresTx::send(const Query& query, std::span<const Param> params) {
  if (failure_) return *failure_;
  TRY(watched(connection_.see_only(query.sees == Sees::all ? 0 : tenant_)));
  return watched(connection_.send(query, params));
}

Result<void> PostgresTx::enqueue(const Query& query, std::span<const Param> params,
                                 const RowVisitor& visit) {
  if (failure_) return *failure_;
  TRY(watched(connection_.see_only(query.sees == Sees::all ? 0 : tenant_)));
  return watched(connection_.enqueue(query, params, visit));
}

Result<void> PostgresTx::query(const Query& query, std::span<const Param> params,
                               const RowVisitor& visit) {
  if (failure_) return *failure_;
  TRY(watched(connection_.see_only(query.sees == Sees::all ? 0 : tenant_)));
  return watched(connection_.query(query, params, visit));
}

Result<void> PostgresTx::exec_script(std::string_view sql) {
  if (failure_) return *failure_;
  TRY(watched(connection_.see_only(tenant_)));
  return watched(connection_.exec_script(sql));
}

Result<void> PostgresTx::sync() { return watched(connection_.sync()); }

// ---------------------------------------------------------------- the writer

PostgresWriter::PostgresWriter(PostgresOptions options, PostgresWatch& watch,
                               std::unique_ptr<PostgresConnection> connection)
    : options_(std::move(options)), watch_(watch), connection_(std::move(connection)) {}

Result<void> PostgresWriter::begin() {
  is_fate_unknown_ = false;
  if (connection_->is_lost()) TRY(reconnect());
  if (connection_->in_transaction()) roll_back();
  TRY(look_at_life());
  transaction_ = TRY(connection_->begin_writing());
  return {};
}

Result<void> PostgresWriter::commit() {
  auto outcome = connection_->commit();
  if (outcome || !connection_->is_lost()) return outcome;
  return find_outcome_of_commit();
}

Result<void> PostgresWriter::look_at_life() {
  const auto now = std::chrono::steady_clock::now();
  if (!life_.empty() && now < life_seen_at_ + life_is_known_for) return {};
  TRY(connection_->query(life_query, {}, [&](const Row& row) {
    life_ = row.text(0);
    return false;
  }));
  life_seen_at_ = now;
  return {};
}

/// The server may have committed before the connection broke: only it can tell.
Result<void> PostgresWriter::find_outcome_of_commit() {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  log::warn("the connection broke in a commit", {{"transaction", transaction_}});
  while (std::chrono::steady_clock::now() < give_up) {
    std::string fate;
    if (reconnect()) {
      const Param params[] = {transaction_, life_};
      (void)connection_->query(fate_query, params, [&](const Row& row) {
        fate = row.text(0);
        return false;
      });
    }
    if (fate == "committed") return {};
    if (fate == "aborted") {
      return Error{errors::store_conflict, "sql.commit: the connection to the server was lost"};
    }
    if (fate == "doubtful") break;
    std::this_thread::sleep_for(between_attempts);
  }
  is_fate_unknown_ = true;
  return Error{errors::store_unavailable,
               "the database server was lost in a commit and its outcome is unknown; "
               "retrying with the same idempotency key is safe"};
}

Result<void> PostgresWriter::reconnect() {
  connection_ = TRY(PostgresConnection::open(options_, PostgresConnection::Role::writer, watch_));
  life_seen_at_ = {};
  return {};
}

void PostgresWriter::roll_back() {
  connection_->discard();
  if (connection_->is_lost() || !connection_->in_transaction()) return;
  if (const auto outcome = connection_->exec_script("ROLLBACK", "sql.rollback"); !outcome) {
    log::error("cannot roll back", {{"reason", outcome.error().detail}});
  }
}

Result<void> PostgresWriter::set_savepoint() {
  TRY(connection_->sync());  // An earlier unit's error is not this one's.
  return connection_->post(savepoint_query);
}
Result<void> PostgresWriter::undo_to_savepoint() {
  connection_->discard();
  connection_->forget_tenant();
  return connection_->exec_script("ROLLBACK TO unit", "sql.undo");
}
Result<void> PostgresWriter::release_savepoint() { return connection_->post(release_query); }

std::unique_ptr<WriterTx> PostgresWriter::unit() {
  return std::make_unique<PostgresTx>(*connection_);
}

bool PostgresWriter::is_passing(const Error& error) const {
  // What may have been done must not be done again.
  if (is_fate_unknown_) return false;
  // A transaction whose connection broke before the commit has left nothing behind.
  return error.code == errors::store_conflict ||
         (error.code == errors::store_unavailable && connection_->is_lost());
}

}  // namespace florin::sql
