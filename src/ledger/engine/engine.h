#pragma once
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "ledger/engine/changes.h"
#include "ledger/engine/prefetched_state.h"
#include "ledger/engine/wording.h"
#include "ledger/ledger.h"

namespace florin {
class IdGenerator;
}

namespace florin::ledger::engine {

/// What a key remembers of an outcome (remembered.h); pure. Nothing for outcomes that do not use
/// the key up.
using AnswerOf = std::function<std::optional<idempotency::Record>(const Command&, const Outcome&)>;

/// Decides commands one after another over a state; later ones see the effects of earlier ones.
/// Pure: no I/O, no clock. The same state, ids, time and commands give the same changes. Not
/// thread-safe. The order of refusals is documented in the module's README.
class Engine {
 public:
  Engine(PrefetchedState& state, IdGenerator& ids, Timestamp now, const AnswerOf& answer_of);

  /// Ends the holds whose time is over, before the first command is decided: from that moment on
  /// their money is free for everyone.
  void expire_due_holds();
  /// The command must outlive changes(). An Error outcome has changed nothing but, perhaps, its
  /// key.
  Outcome decide(const Command& command);
  const Changes& changes() const { return changes_; }

 private:
  /// What a command would add to one account, netted over all its postings.
  struct Effect {
    AccountState* account = nullptr;
    Sums delta;
    bool overflow = false;
  };
  using Effects = std::vector<Effect>;

  /// Where to roll back to: sizes of the lists and the old states of what was touched since.
  struct Savepoint {
    std::size_t transfers = 0, postings = 0, hold_changes = 0, checkpoints = 0, accounts = 0,
                status_changes = 0;
    std::vector<std::pair<AccountState*, AccountState>> old_accounts;
    std::vector<Hold> old_holds;  // Not their places: one that an inner savepoint made is gone.
    std::vector<HoldId> new_holds;
    std::vector<TransferId> reversed;
  };

  Outcome decide_body(const Command& command);
  Outcome apply(const Actor& actor, const PostTransfer& wanted);
  Outcome apply(const Actor& actor, const PostBulk& wanted);
  Outcome apply(const Actor& actor, const PlaceHold& wanted);
  Outcome apply(const Actor& actor, const CaptureHold& wanted);
  Outcome apply(const Actor& actor, const ReleaseHold& wanted);
  Outcome apply(const Actor& actor, const ExpireHold& wanted);
  Outcome apply(const Actor& actor, const ReverseTransfer& wanted);
  Outcome apply(const Actor& actor, const RunSteps& wanted);
  Outcome apply_step(const Actor& actor, const Step& step, const BulkResult& before);
  template <class Apply>
  Outcome apply_many(std::size_t count, bool atomic, const Apply& apply_one);
  Result<Transfer> post_wanted(const Actor& actor, const PostTransfer& wanted);
  Result<Transfer> post_and_close(const Actor& actor, const PostTransfer& wanted);

  AccountState* find_account(TenantId tenant, AccountId id);
  Hold* find_hold(TenantId tenant, HoldId id);
  Result<std::vector<Posting>> resolve(TenantId tenant,
                                       const std::vector<PostingRequest>& requests);
  /// The postings that a request comes to, with the balances as they are.
  Result<std::vector<Posting>> plan(TenantId tenant, const std::vector<PostingRequest>& requests,
                                    const std::optional<Split>& split, bool is_hold);
  Result<void> limit(const std::vector<PostingRequest>& requests, std::vector<Posting>& postings,
                     bool is_hold);
  Result<std::vector<Posting>> plan_split(TenantId tenant, const Split& split);
  Result<void> check_split(TenantId tenant, const Split& split);
  Result<std::vector<std::int64_t>> draw(const Split& split);
  Result<std::vector<AccountState*>> find_all(TenantId tenant, const std::vector<AccountRef>& refs,
                                              std::string_view member);
  Result<void> check_postings(const std::vector<Posting>& postings);
  Result<void> check_effects(const Effects& effects, const Wording& wording) const;
  Effect& effect_on(Effects& effects, AccountId id);
  void touch(AccountState& account);
  Hold& touch(Hold& hold);

  Result<void> check_effective_at(const std::optional<Timestamp>& effective_at) const;
  Result<Transfer> post(const Actor& actor, Transfer transfer, const Wording& wording);
  Transfer write_transfer(const Actor& actor, Transfer transfer);
  PostingSide extend_history(AccountState& account, std::int64_t posting);
  void write_hold_change(const Actor& actor, HoldChangeKind kind, TransferId transfer,
                         const Hold& after);
  void give_back_rest(Hold& hold);
  void expire(const Actor& actor, Hold& hold);
  void set_closed(const Actor& actor, AccountState& account, bool closed);

  void begin_savepoint(Savepoint& savepoint);
  void roll_back(Savepoint& savepoint);

  PrefetchedState& state_;
  IdGenerator& ids_;
  const Timestamp now_;
  const AnswerOf& answer_of_;
  Changes changes_;
  std::vector<Savepoint*> savepoints_;  // Open ones, outermost first.
};

}  // namespace florin::ledger::engine
