#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "platform/sql/postgres_connection.h"
#include "platform/sql/writer_connection.h"

namespace florin::sql {

/// The transaction a unit of work sees, of a writer or of a reader.
class PostgresTx final : public WriterTx {
 public:
  explicit PostgresTx(PostgresConnection& connection) : connection_(connection) {}

  using Tx::exec;
  using Tx::query;
  using Tx::send;
  Dialect dialect() const override { return Dialect::postgres; }
  Result<std::int64_t> exec(const Query& query, std::span<const Param> params) override;
  Result<void> send(const Query& query, std::span<const Param> params) override;
  Result<void> query(const Query& query, std::span<const Param> params,
                     const RowVisitor& visit) override;
  Result<void> exec_script(std::string_view sql) override;
  void see_only(std::int64_t tenant) override { tenant_ = tenant; }

  Result<void> sync() override;
  std::optional<Error> fault() const override;
  std::optional<Error> spoiled() const override;

 private:
  Result<void> enqueue(const Query& query, std::span<const Param> params,
                       const RowVisitor& visit) override;
  void drop_queued() override { connection_.drop_queued(); }
  template <class T>
  Result<T> watched(Result<T> outcome);

  PostgresConnection& connection_;
  std::int64_t tenant_ = 0;  ///< Whose rows are seen; 0: all.
  std::optional<Error> failure_;
};

/// The connection that writes. Writers of all processes take turns under an advisory lock, so that
/// a unit of work finds the database as one that writes alone does; it is made again when it
/// breaks.
class PostgresWriter final : public WriterConnection {
 public:
  /// `watch` outlives the writer.
  PostgresWriter(PostgresOptions options, PostgresWatch& watch,
                 std::unique_ptr<PostgresConnection> connection);

  Result<void> begin() override;
  /// When the connection breaks meanwhile, asks the server afterwards whether it committed.
  Result<void> commit() override;
  void roll_back() override;
  Result<void> set_savepoint() override;
  Result<void> undo_to_savepoint() override;
  Result<void> release_savepoint() override;
  std::unique_ptr<WriterTx> unit() override;
  bool is_passing(const Error& error) const override;
  int wal_pages() const override { return 0; }

 private:
  Result<void> reconnect();
  Result<void> look_at_life();
  Result<void> find_outcome_of_commit();

  const PostgresOptions options_;
  PostgresWatch& watch_;
  std::unique_ptr<PostgresConnection> connection_;
  std::string transaction_;  ///< Its number on the server.
  std::string life_;         ///< Of the server: changes with every start and recovery.
  std::chrono::steady_clock::time_point life_seen_at_;
  bool is_fate_unknown_ = false;
};

}  // namespace florin::sql
