#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "hub/wallet/transaction_log.h"

namespace florin::ledger {
class LedgerService;
}

namespace florin::hub {

/// What is known about a pending transaction at the Operator.
struct Resolution {
  enum class Kind : std::uint8_t {
    answered,  ///< What `answer` says.
    undone,    ///< A debit that we have rolled back at the Operator, or that it never booked.
    stuck      ///< Contradictory: a person must look.
  };
  Kind kind = Kind::answered;
  operators::Answer answer = {};
};

/// Ends pending transactions by what the Operator said: the row, the ledger's transfer and the
/// event in one commit. One that has ended already stays as it is. Safe for concurrent use.
class Settlement {
 public:
  using Done = std::function<void(Result<MovementResult>)>;

  Settlement(sql::Database& database, const Clock& clock, ledger::LedgerService& ledger,
             events::EventLog& events);
  ~Settlement();

  /// Queues it; `done` runs on the writer's thread with the transaction as it then is, or with an
  /// error: operator_unavailable (a debit that never left: its key is free again), store errors (it
  /// stays pending, and the resolver comes back to it).
  void submit(PartnerPtr partner, WalletTransactionId id, Resolution resolution, Done done);

  /// The same inside the caller's unit of work, in somebody's name. Errors:
  /// wallet_transaction_not_found.
  Result<MovementResult> conclude(sql::Tx& tx, const Partner& partner, WalletTransactionId id,
                                  const Resolution& resolution, const Actor& actor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::hub
