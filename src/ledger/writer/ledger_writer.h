#pragma once
#include <span>

#include "base/clock.h"
#include "ledger/bulk/slice.h"
#include "ledger/engine/engine.h"
#include "ledger/writer/batch_item.h"

namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Tx;
}

namespace florin::ledger::chain {
struct Head;
}
namespace florin::ledger::store {
struct DuePosting;
}

namespace florin::ledger {

/// A bulk that was decided over a snapshot. Nothing of it is written; what it points to lives here.
struct Draft {
  explicit Draft(Command wanted) : command(std::move(wanted)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  Command command;
  Outcome outcome = Error{florin::errors::internal_error, "the command was not decided"};
  engine::PrefetchedState state;
  engine::Changes changes;
  std::vector<engine::AccountState> before;  ///< Of the accounts that it changes.
  Timestamp at;
  /// Whether it may stand: it is later than all on its accounts, and no hold was due whose money
  /// could have turned a refusal.
  bool is_sound = true;
};

/// The shell around the engine: prefetches what a batch of commands names, lets the engine decide,
/// and writes rows, events, keys and the chain's link in the caller's transaction. One batch at a
/// time, on the writer's thread; draft() may run on any thread.
class LedgerWriter {
 public:
  LedgerWriter(const Clock& clock, IdGenerator& ids, events::EventLog& events);

  /// Fills every outcome and its balances. An error is the database's: nothing of the batch may be
  /// committed then.
  Result<void> run(sql::Tx& tx, std::span<BatchItem> batch) { return run(tx, batch, {}); }
  /// Ends the account's holds whose time is over.
  Result<void> expire_due_holds(sql::Tx& tx, AccountId account) { return run(tx, {}, account); }

  /// Decides a bulk with ids and time of its own. On any thread, in a transaction that reads; `ids`
  /// and `at` were taken before it began.
  Result<void> draft(sql::Tx& tx, IdGenerator& ids, Timestamp at, Draft& draft) const;
  /// Whether its key is still free and its accounts are as they were when it was decided.
  Result<bool> is_still_valid(sql::Tx& tx, const Draft& draft) const;
  /// Moves the balances and stores the key; in the same transaction after is_still_valid(). The
  /// rows must be stored as slices by then, and be written later.
  Result<void> move_balances(sql::Tx& tx, const Draft& draft) const;
  /// Writes rows, events and link of transfers that were promised.
  Result<void> write_out(sql::Tx& tx, const bulk::Slice& slice, const Actor& actor);

  /// The moment new rows carry: never before one that was given out earlier, even if the clock
  /// steps back, nor before what another node wrote on the accounts of the latest batch.
  Timestamp now();
  void start_after(Timestamp newest_stored) { last_now_ = newest_stored; }

 private:
  Result<void> run(sql::Tx& tx, std::span<BatchItem> batch, AccountId also);
  struct Batch;
  void advance_past(std::int64_t id);
  void advance_past(const engine::PrefetchedState& state);
  Result<void> prefetch(sql::Tx& tx, Batch& batch);
  Result<void> load_all_accounts(sql::Tx& tx, Draft& draft) const;
  Result<void> write(sql::Tx& tx, const engine::Changes& changes, const chain::Head& head,
                     Timestamp now);
  Result<void> write_events(sql::Tx& tx, const engine::Changes& changes);
  Result<void> write_status_changes(sql::Tx& tx, const engine::Changes& changes);

  const Clock& clock_;
  IdGenerator& ids_;
  events::EventLog& events_;
  const engine::AnswerOf answer_of_;
  Timestamp last_now_;
};

}  // namespace florin::ledger
