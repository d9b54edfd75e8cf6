#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/sqlite_connection.h"

namespace florin::sql {

/// Connections for reading, opened when first needed. Safe for concurrent use.
class ReaderPool {
 public:
  ReaderPool(SqliteOptions options, int size);

  /// Runs the work over one snapshot; waits while all readers are busy.
  Result<void> run(const Database::Work& work);

 private:
  class Lease;

  Result<std::unique_ptr<SqliteConnection>> acquire();
  void release(std::unique_ptr<SqliteConnection> connection);

  const SqliteOptions options_;
  const int size_;
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable released_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;
  int out_ = 0;
};

}  // namespace florin::sql
