#pragma once
#include <span>
#include <string>

#include "base/error.h"
#include "ledger/engine/account_state.h"

namespace florin::ledger::engine {

/// How a refusal speaks of an account: by the name that the caller used for it, and with a pointer
/// to the posting that asked too much. Without requests (a reversal) by its id, pointing nowhere.
class Wording {
 public:
  Wording() = default;
  explicit Wording(std::span<const PostingRequest> requests, const Split* split = nullptr)
      : requests_(requests), split_(split) {}

  /// Refuses sums that leave 64 bits.
  Error overflow(const AccountState& account) const;
  /// Refuses what would take `account` to the sums `then`, below its min_balance.
  Error uncovered(const AccountState& account, const Sums& then) const;
  /// Refuses what would take `account` to the sums `then`, above its max_balance.
  Error above_limit(const AccountState& account, const Sums& then) const;

 private:
  enum class Side : std::uint8_t { debit, credit, any };
  Error refusal(const ErrorCode& code, const AccountState& account, Side side,
                std::string what) const;
  std::string pointer_to(AccountId id, Side side) const;
  std::string name_of(AccountId id) const;

  std::span<const PostingRequest> requests_;
  const Split* split_ = nullptr;
};

}  // namespace florin::ledger::engine
