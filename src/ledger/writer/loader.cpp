#include "ledger/writer/loader.h"

#include "base/try.h"
#include "idempotency/key_store.h"
#include "ledger/store/account_store.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/transfer_store.h"
#include "ledger/writer/command_accounts.h"
#include "platform/sql/database.h"

namespace florin::ledger {

/// Loads what the body of a command names.
struct Loader::Names {
  Loader& loader;
  TenantId tenant;

  Result<void> operator()(PostTransfer& body) const { return load_accounts(body); }
  Result<void> operator()(PlaceHold& body) const { return load_accounts(body); }
  Result<void> operator()(PostBulk& body) const {
    for (PostTransfer& transfer : body.transfers) TRY(load_accounts(transfer));
    return {};
  }
  Result<void> operator()(RunSteps& body) const {
    for (Step& step : body.steps) TRY(std::visit(*this, step.body));
    return {};
  }
  Result<void> operator()(CaptureHold& body) const { return loader.load(body.hold); }
  Result<void> operator()(ReleaseHold& body) const { return loader.load(body.hold); }
  Result<void> operator()(ExpireHold& body) const { return loader.load(body.hold); }
  Result<void> operator()(ReverseTransfer& body) const { return loader.load(body.transfer); }

 private:
  template <class Body>
  Result<void> load_accounts(Body& body) const {
    return for_each_account(body, [this](AccountRef& ref) { return loader.load(tenant, ref); });
  }
};

Result<void> Loader::load(Command& command) {
  const bool uses_key = command.key && !command.dry_run;
  if (uses_key && TRY(load(*command.key))) return {};
  return std::visit(Names{*this, command.actor.tenant}, command.body);
}

Result<void> Loader::load(HoldId id) {
  if (state_.holds.contains(id)) return {};
  auto hold = TRY(store::load_hold(tx_, id));
  if (!hold) return {};
  for (const HoldPosting& held : hold->postings) {
    TRY(load(held.posting.debit));
    TRY(load(held.posting.credit));
  }
  state_.holds.emplace(id, *std::move(hold));
  return {};
}

Result<void> Loader::load(TransferId id) {
  if (state_.transfers.contains(id)) return {};
  auto transfer = TRY(store::load_transfer(tx_, id));
  if (!transfer) return {};
  for (const Posting& posting : transfer->postings) {
    TRY(load(posting.debit));
    TRY(load(posting.credit));
  }
  const TransferId reversed_by = TRY(store::find_reversal_of(tx_, id));
  state_.transfers.emplace(id, engine::PastTransfer{*std::move(transfer), reversed_by});
  return {};
}

std::unique_ptr<Loader> make_loader(sql::Tx& tx, engine::PrefetchedState& state) {
  if (tx.dialect() == sql::Dialect::postgres) return make_set_loader(tx, state);
  return std::make_unique<RowLoader>(tx, state);
}

// ---------------------------------------------------------------- row by row

Result<bool> RowLoader::load(const idempotency::Key& key) {
  if (state_.keys.contains(key.digest)) return false;  // Of this batch: decided in its turn.
  auto record = TRY(idempotency::find(tx_, key.digest));
  if (!record) return false;
  state_.keys.emplace(key.digest, *std::move(record));
  return true;
}

Result<void> RowLoader::load(AccountId id) {
  if (!id || state_.accounts.contains(id)) return {};
  if (auto account = TRY(store::load_account_state(tx_, id))) state_.accounts.emplace(id, *account);
  return {};
}

Result<void> RowLoader::load(TenantId tenant, AccountRef& ref) {
  if (ref.id) return load(ref.id);
  const auto account = TRY(store::load_account_state(tx_, tenant, ref.code));
  if (!account) return {};
  ref.id = account->id;
  state_.accounts.try_emplace(account->id, *account);
  return {};
}

Result<void> RowLoader::finish(sql::Pipeline& pipeline) { return pipeline.sync(); }

}  // namespace florin::ledger
