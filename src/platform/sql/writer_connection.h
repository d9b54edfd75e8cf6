#pragma once
#include <memory>
#include <optional>

#include "platform/sql/database.h"

namespace florin::sql {

/// The transaction a unit of work of the lane sees.
class WriterTx : public Tx {
 public:
  /// The fault that ended the transaction; nothing while it can go on.
  virtual std::optional<Error> fault() const = 0;
  /// The statement that failed in this unit, where the engine then takes no other before the unit
  /// is undone (PostgreSQL).
  virtual std::optional<Error> spoiled() const { return std::nullopt; }
};

/// What the write lane needs of an engine: one connection that writes, of one thread.
class WriterConnection {
 public:
  virtual ~WriterConnection() = default;

  /// Waits for the right to write, so that nothing fails half-way.
  virtual Result<void> begin() = 0;
  virtual Result<void> commit() = 0;
  /// Also when the engine has done it already by itself.
  virtual void roll_back() = 0;

  virtual Result<void> set_savepoint() = 0;
  virtual Result<void> undo_to_savepoint() = 0;
  virtual Result<void> release_savepoint() = 0;
  virtual std::unique_ptr<WriterTx> unit() = 0;

  /// Whether the same work may succeed when the whole transaction is run again.
  virtual bool is_passing(const Error& error) const = 0;
  /// Pages in the write-ahead log since the latest commit; 0 where the engine looks after its own.
  virtual int wal_pages() const = 0;
};

}  // namespace florin::sql
