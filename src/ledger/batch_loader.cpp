#include "ledger/batch_loader.h"

#include <algorithm>
#include <vector>

#include "base/try.h"
#include "ledger/ledger_store.h"
#include "ledger/ledger_writer.h"
#include "ledger/set_store.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

/// Commands of a batch that will not be replays, and what they name.
class BatchLoader {
 public:
  BatchLoader(sql::Tx& tx, engine::World& world) : tx_(tx), world_(world) {}

  Result<void> load_keys(std::span<Decided> batch) {
    std::vector<idempotency::Digest> digests;
    for (const Decided& item : batch) {
      if (uses_key(item.command)) digests.push_back(item.command.key->digest);
    }
    if (digests.empty()) return {};
    return idempotency::find_all(tx_, digests, [&](const auto& digest, auto record) {
      world_.keys.emplace(digest, std::move(record));
    });
  }

  Result<void> collect(std::span<Decided> batch) {
    for (Decided& item : batch) {
      Command& command = item.command;
      // It will be a replay or a mismatch; nothing else is looked at.
      if (uses_key(command) && world_.keys.contains(command.key->digest)) continue;
      TRY(std::visit(Collect{*this, command.origin.tenant}, command.body));
    }
    return {};
  }

  Result<void> load_accounts() {
    TRY(store::find_account_ids(
        tx_, codes_, [&](std::size_t place, AccountId id) { by_code_[place]->id = id; }));
    for (const AccountRef* ref : by_code_) add(ref->id);
    std::sort(ids_.begin(), ids_.end(), [](auto a, auto b) { return a.value < b.value; });
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    return store::lock_account_states(tx_, ids_, [&](engine::AccountState account) {
      world_.accounts.emplace(account.id, std::move(account));
    });
  }

 private:
  struct Collect {
    BatchLoader& self;
    TenantId tenant;
    Result<void> operator()(PostTransfer& body) { return self.add(tenant, body.postings); }
    Result<void> operator()(PlaceHold& body) { return self.add(tenant, body.postings); }
    Result<void> operator()(PostBulk& body) {
      for (PostTransfer& transfer : body.transfers) TRY(self.add(tenant, transfer.postings));
      return {};
    }
    Result<void> operator()(CaptureHold& body) { return self.load(body.hold); }
    Result<void> operator()(ReleaseHold& body) { return self.load(body.hold); }
    Result<void> operator()(ExpireHold& body) { return self.load(body.hold); }
    Result<void> operator()(ReverseTransfer& body) { return self.load(body.transfer); }
  };

  static bool uses_key(const Command& command) { return command.key && !command.dry_run; }

  void add(AccountId id) {
    if (id) ids_.push_back(id);
  }

  Result<void> add(TenantId tenant, std::vector<PostingRequest>& postings) {
    for (PostingRequest& posting : postings) {
      for (AccountRef* ref : {&posting.debit, &posting.credit}) {
        add(ref->id);
        if (ref->id) continue;
        codes_.push_back({tenant, ref->code});
        by_code_.push_back(ref);
      }
    }
    return {};
  }

  Result<void> load(HoldId id) {
    if (world_.holds.contains(id)) return {};
    auto hold = TRY(store::load_hold(tx_, id));
    if (!hold) return {};
    for (const HoldPosting& held : hold->postings) {
      add(held.posting.debit);
      add(held.posting.credit);
    }
    world_.holds.emplace(id, *std::move(hold));
    return {};
  }

  Result<void> load(TransferId id) {
    if (world_.transfers.contains(id)) return {};
    auto transfer = TRY(store::load_transfer(tx_, id));
    if (!transfer) return {};
    for (const Posting& posting : transfer->postings) {
      add(posting.debit);
      add(posting.credit);
    }
    const TransferId reversed_by = TRY(store::find_reversal_of(tx_, id));
    world_.transfers.emplace(id, engine::PastTransfer{*std::move(transfer), reversed_by});
    return {};
  }

  sql::Tx& tx_;
  engine::World& world_;
  std::vector<AccountId> ids_;
  std::vector<store::AccountCode> codes_;
  std::vector<AccountRef*> by_code_;  // The one that each code stands in.
};

}  // namespace

Result<void> load_together(sql::Tx& tx, std::span<Decided> batch, engine::World& world) {
  BatchLoader loader(tx, world);
  TRY(loader.load_keys(batch));
  TRY(loader.collect(batch));
  return loader.load_accounts();
}

}  // namespace florin::ledger
