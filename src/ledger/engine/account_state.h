#pragma once
#include <cstdint>
#include <optional>

#include "ledger/ledger.h"

namespace florin::ledger::engine {

/// An account as decisions see it.
struct AccountState {
  AccountId id;
  TenantId tenant;
  AccountType type = AccountType::asset;
  Currency currency;
  std::optional<std::int64_t> min_balance, max_balance;
  bool frozen = false, closed = false;
  Sums sums;
  std::int64_t last_posting = 0;  ///< Id of the newest posting on this account; 0: none.
  std::int64_t posting_count = 0;
  bool touched = false;  ///< Changed by a decision since it was loaded.
  friend bool operator==(const AccountState&, const AccountState&) = default;
};

}  // namespace florin::ledger::engine
