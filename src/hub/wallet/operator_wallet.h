#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "hub/wallet/movement_batcher.h"
#include "hub/wallet/settlement.h"

namespace florin::hub {

/// Movements of partners whose players' money an Operator holds: a durable PENDING row, the call,
/// then the settlement. Safe for concurrent use.
class OperatorWallet {
 public:
  using Done = MovementBatcher::Done;

  OperatorWallet(const MovementBatcher::Parts& parts, operators::OperatorClient& client,
                 Settlement& settlement);
  ~OperatorWallet();

  /// `done` runs once, with the transaction as it is when the Operator has answered or cannot be
  /// asked any longer: then it stays pending. Errors: those of MovementBatcher;
  /// operator_unavailable.
  void submit(PartnerPtr partner, Movement movement, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The call for a stored movement; always the same.
operators::Call call_of(const WalletTransaction& transaction);

}  // namespace florin::hub
