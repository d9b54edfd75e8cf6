#pragma once
#include <memory>

#include "base/result.h"
#include "ledger/engine/prefetched_state.h"

namespace florin::sql {
class Pipeline;
class Tx;
}  // namespace florin::sql

namespace florin::ledger {

/// Prefetches keys, accounts, holds and transfers that commands name, and fills in the ids of
/// accounts named by code. What the state has is not read again. Errors are those of the database.
class Loader {
 public:
  virtual ~Loader() = default;

  /// A key, and all that the command names. If the key was used before, nothing else is read: the
  /// answer is a replay or a mismatch.
  Result<void> load(Command& command);
  /// With its accounts.
  Result<void> load(HoldId id);
  /// With its accounts, and the transfer that reverses it.
  Result<void> load(TransferId id);
  virtual Result<void> load(AccountId id) = 0;
  virtual Result<void> load(TenantId tenant, AccountRef& ref) = 0;
  /// Reads what was only collected, and syncs the pipeline.
  virtual Result<void> finish(sql::Pipeline& pipeline) = 0;

 protected:
  Loader(sql::Tx& tx, engine::PrefetchedState& state) : tx_(tx), state_(state) {}
  /// Whether the key is known to be used.
  virtual Result<bool> load(const idempotency::Key& key) = 0;

  sql::Tx& tx_;
  engine::PrefetchedState& state_;

 private:
  struct Names;
};

/// Row by row, at once: on SQLite a query costs no round trip.
class RowLoader final : public Loader {
 public:
  using Loader::load;
  RowLoader(sql::Tx& tx, engine::PrefetchedState& state) : Loader(tx, state) {}
  Result<void> load(AccountId id) override;
  Result<void> load(TenantId tenant, AccountRef& ref) override;
  Result<void> finish(sql::Pipeline& pipeline) override;

 private:
  Result<bool> load(const idempotency::Key& key) override;
};

/// A few statements for the whole batch, which also lock its accounts in the order of their ids:
/// for PostgreSQL, where several nodes write.
std::unique_ptr<Loader> make_set_loader(sql::Tx& tx, engine::PrefetchedState& state);

/// The loader that suits the database.
std::unique_ptr<Loader> make_loader(sql::Tx& tx, engine::PrefetchedState& state);

}  // namespace florin::ledger
