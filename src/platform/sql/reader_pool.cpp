#include "platform/sql/reader_pool.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "platform/sql/guarded.h"

namespace florin::sql {
namespace {
constexpr Query begin_query{"sql.begin_read", "BEGIN DEFERRED"};
constexpr Query end_query{"sql.end_read", "ROLLBACK"};
}  // namespace

/// A connection on loan: its transaction ends and it goes back, also when the work throws.
class ReaderPool::Lease {
 public:
  Lease(ReaderPool& pool, std::unique_ptr<SqliteConnection> connection)
      : pool_(pool), connection_(std::move(connection)) {}
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    // There is nothing to undo: what the end of a read says changes nothing.
    if (connection_->in_transaction()) (void)connection_->exec(end_query);
    pool_.release(std::move(connection_));
  }
  SqliteConnection& connection() { return *connection_; }

 private:
  ReaderPool& pool_;
  std::unique_ptr<SqliteConnection> connection_;
};

ReaderPool::ReaderPool(SqliteOptions options, int size)
    : options_(std::move(options)), size_(std::max(size, 1)) {}

Result<void> ReaderPool::run(const Database::Work& work) {
  auto connection = TRY(acquire());
  Lease lease(*this, std::move(connection));
  TRY(lease.connection().exec(begin_query));
  SqliteTx tx(lease.connection());
  return run_guarded(work, tx);
}

Result<std::unique_ptr<SqliteConnection>> ReaderPool::acquire() {
  {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return out_ < size_; });
    ++out_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = SqliteConnection::open(options_, SqliteConnection::Role::reader);
  if (!connection) release(nullptr);
  return connection;
}

void ReaderPool::release(std::unique_ptr<SqliteConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    --out_;
    if (connection) idle_.push_back(std::move(connection));
  }
  released_.notify_one();
}

}  // namespace florin::sql
