#include "ledger/batch_loader.h"

#include <algorithm>
#include <vector>

#include "base/try.h"
#include "idempotency/key_store.h"
#include "ledger/command_accounts.h"
#include "ledger/ledger_store.h"
#include "ledger/ledger_writer.h"
#include "ledger/set_store.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

/// What the commands of a batch name, and its way into the state.
class BatchLoader {
 public:
  BatchLoader(sql::Tx& tx, engine::PrefetchedState& state) : tx_(tx), state_(state) {}

  Result<void> collect(std::span<BatchItem> batch) {
    for (BatchItem& item : batch) {
      if (item.refusal) continue;
      Command& command = item.command;
      if (command.key && !command.dry_run) digests_.push_back(command.key->digest);
      TRY(std::visit(Collect{*this, command.actor.tenant}, command.body));
    }
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    std::sort(named_.begin(), named_.end(), ByName{});
    return {};
  }

  Result<void> enqueue(sql::Pipeline& pipeline) {
    TRY(idempotency::enqueue_all(pipeline, digests_, [this](const auto& digest, auto record) {
      state_.keys.emplace(digest, std::move(record));
    }));
    std::vector<store::AccountCode> codes;
    for (const NamedRef& named : named_) {
      if (codes.empty() || codes.back() != named.name) codes.push_back(named.name);
    }
    return store::enqueue_account_states(
        pipeline, ids_, codes,
        [this](const engine::AccountState& account, std::string_view code) { add(account, code); });
  }

 private:
  struct Collect {
    BatchLoader& self;
    TenantId tenant;
    Result<void> operator()(PostTransfer& body) { return add(body); }
    Result<void> operator()(PlaceHold& body) { return add(body); }
    Result<void> operator()(PostBulk& body) {
      for (PostTransfer& transfer : body.transfers) TRY(add(transfer));
      return {};
    }
    Result<void> operator()(RunSteps& body) {
      for (Step& step : body.steps) TRY(std::visit(*this, step.body));
      return {};
    }
    Result<void> operator()(CaptureHold& body) { return self.load(body.hold); }
    Result<void> operator()(ReleaseHold& body) { return self.load(body.hold); }
    Result<void> operator()(ExpireHold& body) { return self.load(body.hold); }
    Result<void> operator()(ReverseTransfer& body) { return self.load(body.transfer); }

    template <class Body>
    Result<void> add(Body& body) {
      return for_each_account(body, [this](AccountRef& ref) -> Result<void> {
        self.add(tenant, ref);
        return {};
      });
    }
  };

  /// An account named by its code, and where its id will stand.
  struct NamedRef {
    store::AccountCode name;
    AccountRef* ref;
  };
  struct ByName {
    bool operator()(const NamedRef& a, const NamedRef& b) const { return a.name < b.name; }
  };

  void add(const engine::AccountState& account, std::string_view code) {
    const NamedRef wanted{{account.tenant, code}, nullptr};
    const auto [first, last] = std::equal_range(named_.begin(), named_.end(), wanted, ByName{});
    for (const NamedRef& named : std::span(first, last)) named.ref->id = account.id;
    state_.accounts.emplace(account.id, account);
  }

  void add(AccountId id) {
    if (id) ids_.push_back(id);
  }

  void add(TenantId tenant, AccountRef& ref) {
    add(ref.id);
    if (!ref.id) named_.push_back({{tenant, ref.code}, &ref});
  }

  Result<void> load(HoldId id) {
    if (state_.holds.contains(id)) return {};
    auto hold = TRY(store::load_hold(tx_, id));
    if (!hold) return {};
    for (const HoldPosting& held : hold->postings) {
      add(held.posting.debit);
      add(held.posting.credit);
    }
    state_.holds.emplace(id, *std::move(hold));
    return {};
  }

  Result<void> load(TransferId id) {
    if (state_.transfers.contains(id)) return {};
    auto transfer = TRY(store::load_transfer(tx_, id));
    if (!transfer) return {};
    for (const Posting& posting : transfer->postings) {
      add(posting.debit);
      add(posting.credit);
    }
    const TransferId reversed_by = TRY(store::find_reversal_of(tx_, id));
    state_.transfers.emplace(id, engine::PastTransfer{*std::move(transfer), reversed_by});
    return {};
  }

  sql::Tx& tx_;
  engine::PrefetchedState& state_;
  std::vector<idempotency::Digest> digests_;
  std::vector<AccountId> ids_;
  std::vector<NamedRef> named_;
};

}  // namespace

Result<void> prefetch(sql::Tx& tx, sql::Pipeline& pipeline, std::span<BatchItem> batch,
                      engine::PrefetchedState& state) {
  BatchLoader loader(tx, state);
  TRY(loader.collect(batch));
  TRY(loader.enqueue(pipeline));
  return pipeline.sync();
}

}  // namespace florin::ledger
