#pragma once
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "hub/partners/partners.h"

namespace florin::ledger {
class LedgerService;
}

namespace florin::hub {

/// Movements of partners whose players' money our ledger holds. What waits together is decided and
/// posted in one commit. Safe for concurrent use.
class InternalWallet {
 public:
  using Done = std::function<void(Result<MovementResult>)>;

  InternalWallet(sql::Database& database, const Clock& clock, IdGenerator& ids,
                 ledger::LedgerService& ledger, events::EventLog& events);
  ~InternalWallet();

  /// Queues the movement; `done` runs on the writer's thread once it is durable (it must be short).
  /// The answer stands in MovementResult; an error stored nothing and left the key free. Errors:
  /// idempotency_mismatch, signature_replayed, hub_busy, store errors (safe to retry).
  void submit(PartnerPtr partner, Movement movement, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::hub
