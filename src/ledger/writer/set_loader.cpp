#include <algorithm>
#include <vector>

#include "base/try.h"
#include "idempotency/key_store.h"
#include "ledger/store/set_store.h"
#include "ledger/writer/loader.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

class SetLoader final : public Loader {
 public:
  using Loader::load;
  SetLoader(sql::Tx& tx, engine::PrefetchedState& state) : Loader(tx, state) {}

  Result<void> load(AccountId id) override {
    if (id) ids_.push_back(id);
    return {};
  }

  Result<void> load(TenantId tenant, AccountRef& ref) override {
    if (ref.id) return load(ref.id);
    named_.push_back({{tenant, ref.code}, &ref});
    return {};
  }

  Result<void> finish(sql::Pipeline& pipeline) override {
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    std::sort(named_.begin(), named_.end(), ByName{});
    TRY(idempotency::enqueue_all(pipeline, digests_, [this](const auto& digest, auto record) {
      state_.keys.emplace(digest, std::move(record));
    }));
    std::vector<store::AccountCode> codes;
    for (const NamedRef& named : named_) {
      if (codes.empty() || codes.back() != named.name) codes.push_back(named.name);
    }
    TRY(store::enqueue_account_states(
        pipeline, ids_, codes, [this](const engine::AccountState& account, std::string_view code) {
          add(account, code);
        }));
    return pipeline.sync();
  }

 private:
  /// An account named by its code, and where its id will stand.
  struct NamedRef {
    store::AccountCode name;
    AccountRef* ref;
  };
  struct ByName {
    bool operator()(const NamedRef& a, const NamedRef& b) const { return a.name < b.name; }
  };

  Result<bool> load(const idempotency::Key& key) override {
    digests_.push_back(key.digest);
    return false;
  }

  void add(const engine::AccountState& account, std::string_view code) {
    const NamedRef wanted{{account.tenant, code}, nullptr};
    const auto [first, last] = std::equal_range(named_.begin(), named_.end(), wanted, ByName{});
    for (const NamedRef& named : std::span(first, last)) named.ref->id = account.id;
    state_.accounts.emplace(account.id, account);
  }

  std::vector<idempotency::Digest> digests_;
  std::vector<AccountId> ids_;
  std::vector<NamedRef> named_;
};

}  // namespace

std::unique_ptr<Loader> make_set_loader(sql::Tx& tx, engine::PrefetchedState& state) {
  return std::make_unique<SetLoader>(tx, state);
}

}  // namespace florin::ledger
