#include "platform/sql/postgres_pool.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/guarded.h"
#include "platform/sql/postgres_writer.h"

namespace florin::sql {

/// A connection on loan: its transaction ends and it goes back, also when the work throws.
class PostgresPool::Lease {
 public:
  Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
      : pool_(pool), connection_(std::move(connection)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    // There is nothing to undo: what the end of a read says changes nothing.
    if (connection_->in_transaction()) (void)connection_->exec_script("ROLLBACK", "sql.end_read");
    const bool is_good = !connection_->is_lost() && !connection_->in_transaction();
    pool_.release(is_good ? std::move(connection_) : nullptr);
  }
  PostgresConnection& connection() { return *connection_; }

 private:
  PostgresPool& pool_;
  std::unique_ptr<PostgresConnection> connection_;
};

PostgresPool::PostgresPool(PostgresOptions options, PostgresWatch& watch, int size)
    : options_(std::move(options)), watch_(watch), size_(std::max(size, 1)) {}

Result<void> PostgresPool::run(const Database::Work& work) {
  auto connection = TRY(begun());
  Lease lease(*this, std::move(connection));
  PostgresTx tx(lease.connection());
  tx.see_only(TenantScope::current());
  return run_guarded(work, tx);
}

/// A connection that lay idle may have died with a server that was started again: the snapshot
/// shows it, and then another connection is taken. What else lay idle is as dead, and finding that
/// out one by one may take long.
Result<std::unique_ptr<PostgresConnection>> PostgresPool::begun() {
  while (true) {
    auto connection = TRY(acquire());
    auto outcome = connection->begin_reading(TenantScope::current());
    if (outcome) return connection;
    const bool was_lost = connection->is_lost();
    release(nullptr);
    if (!was_lost) return std::move(outcome).error();
    forget_idle();
  }
}

Result<std::unique_ptr<PostgresConnection>> PostgresPool::acquire() {
  {
    std::unique_lock lock(mutex_);
    const std::chrono::milliseconds patience(options_.pool_timeout_ms);
    if (!released_.wait_for(lock, patience, [&] { return out_ < size_; })) {
      return Error{
          errors::store_unavailable,
          fmt::format("all {} connections for reading were busy for {} ms: raise pool_size "
                      "in database.url",
                      size_, options_.pool_timeout_ms)};
    }
    ++out_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = PostgresConnection::open(options_, PostgresConnection::Role::reader, watch_);
  if (!connection) release(nullptr);
  return connection;
}

void PostgresPool::forget_idle() {
  std::vector<std::unique_ptr<PostgresConnection>> dead;  // Closed after the lock is gone.
  const std::lock_guard lock(mutex_);
  dead.swap(idle_);
}

void PostgresPool::release(std::unique_ptr<PostgresConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --out_;
    if (connection) idle_.push_back(std::move(connection));
  }
  released_.notify_one();
}

}  // namespace florin::sql
