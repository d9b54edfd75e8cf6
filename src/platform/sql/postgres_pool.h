#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/postgres_connection.h"

namespace florin::sql {

/// Connections for reading, made when first needed. Safe for concurrent use.
class PostgresPool {
 public:
  /// `watch` outlives the pool.
  PostgresPool(PostgresOptions options, PostgresWatch& watch, int size);

  /// Runs the work over one snapshot. Waits while all connections are busy, and not for ever.
  Result<void> run(const Database::Work& work);

 private:
  class Lease;

  Result<std::unique_ptr<PostgresConnection>> acquire();
  Result<std::unique_ptr<PostgresConnection>> begun();
  void forget_idle();
  void release(std::unique_ptr<PostgresConnection> connection);

  const PostgresOptions options_;
  PostgresWatch& watch_;
  const int size_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable released_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  int out_ = 0;
};

}  // namespace florin::sql
