#pragma once
#include <memory>

#include "platform/sql/sqlite_connection.h"
#include "platform/sql/sqlite_files.h"
#include "platform/sql/writer_connection.h"

namespace florin::sql {

/// The connection that writes a SQLite file.
class SqliteWriter final : public WriterConnection {
 public:
  /// `files` outlives it, and watches.
  SqliteWriter(std::unique_ptr<SqliteConnection> connection, SqliteFiles& files);

  Result<void> begin() override;
  Result<void> commit() override;
  void roll_back() override;
  Result<void> set_savepoint() override;
  Result<void> undo_to_savepoint() override;
  Result<void> release_savepoint() override;
  std::unique_ptr<WriterTx> unit() override;
  bool is_passing(const Error&) const override { return false; }
  int wal_pages() const override { return connection_->wal_pages(); }

 private:
  Result<void> run(const Query& query);

  std::unique_ptr<SqliteConnection> connection_;
  SqliteFiles& files_;
};

}  // namespace florin::sql
