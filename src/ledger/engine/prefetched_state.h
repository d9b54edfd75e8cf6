#pragma once
#include <unordered_map>
#include <vector>

#include "base/actor.h"
#include "idempotency/key.h"
#include "ledger/engine/account_state.h"
#include "ledger/ledger.h"

namespace florin::ledger::engine {

/// A posted transfer as a reversal sees it.
struct PastTransfer {
  Transfer transfer;
  TransferId reversed_by;
};

/// A hold in the state that may be due, and in whose name it expires.
struct DueHold {
  HoldId hold;
  Actor actor;
};

/// All that the commands of a batch name, read beforehand. What is not here does not exist.
struct PrefetchedState {
  std::unordered_map<AccountId, AccountState> accounts;
  std::unordered_map<HoldId, Hold> holds;
  std::unordered_map<TransferId, PastTransfer> transfers;
  std::unordered_map<idempotency::Digest, idempotency::Record, idempotency::DigestHash> keys;
  /// Every open hold whose time is over and that moves money of an account above.
  std::vector<DueHold> due;
};

}  // namespace florin::ledger::engine
