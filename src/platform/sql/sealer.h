#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/crypto/seal_key.h"
#include "platform/sql/database.h"
#include "platform/sql/proof.h"
#include "platform/sql/seal_facts.h"

namespace florin::sql {

/// A table whose rows carry a seal in their column row_seal. Every column that is named is covered;
/// NULL is not written into what is sealed, so that a column added later, NULL in the rows that are
/// there, leaves their seals as they are.
struct SealedTable {
  std::string_view name;
  std::string_view kinds;    ///< Of each column: i integer, t text, b bytes.
  std::string_view columns;  ///< "id, tenant_id, ..."; the first `key_columns` are the key.
  int key_columns = 1;
  std::string_view created = "created_at_us";  ///< When the row was made.
};

/// Seals the rows that a unit of work writes. Statements stay as they are: one that inserts into or
/// updates a sealed table is run with RETURNING, and the rows it gives get their seals in the same
/// transaction. Safe for concurrent use.
class Sealer {
 public:
  /// Notes, in the transaction that it is given, that something was written without the key.
  using NoteLoss = std::function<Result<void>(Tx&)>;

  /// `tables` lives as long as the sealer.
  Sealer(crypto::SealKey key, std::span<const SealedTable> tables);
  /// While the key is lost: what is written gets nobody's seals, and the loss is noted with it.
  Sealer(std::span<const SealedTable> tables, NoteLoss note_loss);

  const crypto::SealKey& key() const { return key_; }
  bool is_key_lost() const { return static_cast<bool>(note_loss_); }
  Result<void> note_loss(Tx& tx) const { return note_loss_(tx); }
  std::span<const SealedTable> tables() const { return tables_; }

  /// The bytes that a row's seal covers; `row` holds the table's columns in their order.
  static void append_sealed(std::string& out, const SealedTable& table, const Row& row);
  /// The same of a row that is about to be written; for the hot path, which seals by itself.
  static void append_sealed(std::string& out, const SealedTable& table,
                            std::span<const Param> values);

  /// How a statement is run whose rows get seals; nothing for one that writes no sealed table.
  struct Statement {
    const SealedTable* table = nullptr;
    std::string returning_sql, update_sql;
    Query returning, update;
  };
  const Statement* statement_for(const Query& query) const;

 private:
  const crypto::SealKey key_;
  const std::span<const SealedTable> tables_;
  const NoteLoss note_loss_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::unique_ptr<const Statement>> statements_;
};

/// Checks the seals of one table's rows. Rows without a seal are counted as not covered when they
/// were made before the first link of an event, and are faults otherwise.
Result<Check> verify_seals(Tx& tx, const Sealer& sealer, const SealedTable& table,
                           const SealFacts& facts, const Progress& progress);

/// Seals with the key that is here those rows of a table that were written while it was lost, as
/// they stand; those that were changed since keep the seal that does not fit. Gives how many.
/// Memory grows with them.
Result<std::int64_t> seal_again(Database& database, const Sealer& sealer, const SealedTable& table);

/// A transaction whose writes are sealed.
class SealingTx final : public Tx {
 public:
  SealingTx(Tx& inner, const Sealer& sealer) : inner_(inner), sealer_(sealer) {}

  using Tx::exec;
  using Tx::query;
  using Tx::send;
  Dialect dialect() const override { return inner_.dialect(); }
  Result<std::int64_t> exec(const Query& query, std::span<const Param> params) override;
  Result<void> send(const Query& query, std::span<const Param> params) override;
  Result<void> query(const Query& query, std::span<const Param> params,
                     const RowVisitor& visit) override {
    return inner_.query(query, params, visit);
  }
  Result<void> sync() override { return inner_.sync(); }
  void see_only(std::int64_t tenant) override { inner_.see_only(tenant); }
  Result<void> exec_script(std::string_view sql) override { return inner_.exec_script(sql); }
  const crypto::SealKey* seal_key() const override {
    has_sealed_ = true;
    return &sealer_.key();
  }
  /// At the end of the work.
  Result<void> finish() {
    return has_sealed_ && sealer_.is_key_lost() ? sealer_.note_loss(inner_) : Result<void>();
  }

 private:
  Result<void> enqueue(const Query& query, std::span<const Param> params,
                       const RowVisitor& visit) override {
    return inner_.enqueue(query, params, visit);
  }
  void drop_queued() override { inner_.drop_queued(); }
  Result<std::int64_t> run(const Sealer::Statement& statement, std::span<const Param> params);

  Tx& inner_;
  const Sealer& sealer_;
  mutable bool has_sealed_ = false;
};

}  // namespace florin::sql
