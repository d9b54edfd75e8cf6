#pragma once
#include <functional>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/partners/partners.h"
#include "hub/wallet/movement_rules.h"
#include "hub/wallet/transaction_log.h"
#include "platform/sql/batcher.h"

namespace florin {
class IdGenerator;
}

namespace florin::hub {

/// A movement that waits in the queue, and its outcome.
struct QueuedMovement {
  PartnerPtr partner;
  Movement movement;
  std::optional<Result<MovementResult>> outcome = {};
};

/// A movement that the rules allow or refuse, before it is written.
struct JudgedMovement {
  QueuedMovement* item = nullptr;
  rules::Verdict verdict;
  WalletTransaction row;
  bool has_failed = false;

  const Partner& partner() const { return item->partner->partner; }
};

/// What may be judged together: movements that could be judged by one another's rows are not. They
/// meet in a key or ref, or in the debit that both name.
class Segment {
 public:
  bool meets(const QueuedMovement& item) const;
  bool meets(const rules::Known& known) const;
  void add(const QueuedMovement& item, const rules::Known& known);
  void clear();

 private:
  std::unordered_set<std::string> names_;
  std::unordered_set<WalletTransactionId> debits_;
};

/// Takes movements in, judges what waits together by the rules of both wallet modes, and writes a
/// row for each in one commit. What `settle` does before is the mode's own. Safe for concurrent
/// use.
class MovementBatcher {
 public:
  using Done = std::function<void(Result<MovementResult>)>;
  /// Fills in the rows of those that have not failed (fail() them otherwise). An error means that
  /// the database failed.
  using Settle = std::function<Result<void>(sql::Tx&, std::span<JudgedMovement>)>;
  /// Runs on the writer's thread with what was committed, in place of `done`; it must be short.
  using Answer = std::function<void(QueuedMovement&, Done&, Result<MovementResult>)>;

  struct Parts {
    sql::Database& database;
    const Clock& clock;
    IdGenerator& ids;
    events::EventLog& events;
  };
  MovementBatcher(const Parts& parts, Settle settle, Answer answer);

  /// `done` runs on the writer's thread. Errors: idempotency_mismatch, signature_replayed,
  /// hub_busy, store errors: nothing is stored and the key stays free.
  void submit(PartnerPtr partner, Movement movement, Done done);

  /// Refuses it: in its row, or, when the key shall not remember the refusal, without one.
  void fail(JudgedMovement& judged, const Error& error) const;

 private:
  Result<void> run(sql::Tx& tx, std::span<QueuedMovement> batch);
  Result<void> plan(sql::Tx& tx, QueuedMovement& item, Segment& segment,
                    std::vector<JudgedMovement>& judged);
  void take_up(QueuedMovement& item, const rules::Known& known,
               std::vector<JudgedMovement>& judged) const;
  Result<void> finish(sql::Tx& tx, Segment& segment, std::vector<JudgedMovement>& judged);
  Result<void> write(sql::Tx& tx, JudgedMovement& judged);

  const Clock& clock_;
  IdGenerator& ids_;
  const Settle settle_;
  const Answer answer_;
  TransactionLog log_;
  sql::Batcher<QueuedMovement, Done> batcher_;
};

/// What a settled movement does to the debit that it names: a credit is counted, a rollback undoes
/// it. `debit` is as it was before.
Result<void> apply_to_debit(sql::Tx& tx, TransactionLog& log, const Partner& partner,
                            const WalletTransaction& movement, const WalletTransaction& debit);

}  // namespace florin::hub
