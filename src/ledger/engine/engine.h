#pragma once
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/engine/wording.h"
#include "ledger/ledger.h"

namespace florin {
class IdGenerator;
}

namespace florin::ledger::engine {

/// A posted transfer as a reversal sees it.
struct PastTransfer {
  Transfer transfer;
  TransferId reversed_by;
};

/// A hold in the state whose time may be over, and who ends it then.
struct DueHold {
  HoldId hold;
  Actor actor;
};

/// All that the commands of a batch may look at, loaded beforehand. What is not here does not
/// exist.
struct PrefetchedState {
  std::unordered_map<AccountId, AccountState> accounts;
  std::unordered_map<HoldId, Hold> holds;
  std::unordered_map<TransferId, PastTransfer> transfers;
  std::unordered_map<idempotency::Digest, idempotency::Record, idempotency::DigestHash> keys;
  /// Every open hold whose time is over and that moves money of an account above.
  std::vector<DueHold> due;
};

/// Every 64th posting of an account leaves a checkpoint, from which its history is found quickly.
inline constexpr std::int64_t checkpoint_interval = 64;

struct HistoryCheckpoint {
  AccountId account;
  std::int64_t sequence = 0;
  std::int64_t posting = 0;
  Timestamp created_at;
};

/// One side of a posting: its place in the account's history.
struct PostingSide {
  std::int64_t previous = 0;  ///< The account's posting before this one; 0: none.
  std::int64_t sequence = 0;  ///< 1 for the account's first posting.
  std::int64_t balance = 0;   ///< Posted balance after it, in the normal direction.
};

struct PostingRow {
  std::int64_t id = 0;  ///< The transfer's id plus the posting's place in it.
  TransferId transfer;
  Posting posting;
  PostingSide debit, credit;
};

struct PostedTransfer {
  Transfer transfer;
  const Actor* actor = nullptr;  ///< Of the command; lives as long as the batch.
};

enum class HoldChangeKind : std::uint8_t { placed, captured, released, expired };
std::string_view to_string(HoldChangeKind kind);

struct HoldChange {
  std::int64_t id = 0;
  HoldChangeKind kind = HoldChangeKind::placed;
  TransferId transfer;  ///< Of a capture.
  Hold after;
  Timestamp at;
  const Actor* actor = nullptr;
};

/// A transfer opened an account again, or closed it.
struct StatusChange {
  AccountId account;
  Sums sums;  ///< As it was then: before the money of the transfer moved, or after it.
  bool closed = false;
  Timestamp at;
  const Actor* actor = nullptr;
};

using KeyRow = idempotency::Entry;

/// The rows to write, each list in the order of ids.
struct Changes {
  std::vector<PostedTransfer> transfers;
  std::vector<PostingRow> postings;
  std::vector<HoldChange> hold_changes;
  std::vector<HistoryCheckpoint> checkpoints;
  std::vector<KeyRow> keys;
  std::vector<StatusChange> status_changes;
  std::vector<AccountState*> accounts;  ///< Touched ones, each once.
  bool empty() const { return transfers.empty() && hold_changes.empty() && keys.empty(); }
};

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
  struct Savepoint;
  struct Effect;
  using Effects = std::vector<Effect>;

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
