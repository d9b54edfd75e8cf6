#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/id.h"

namespace florin::ledger {

/// Names an account by id, or by its code within the tenant.
struct AccountRef {
  AccountId id;  ///< Set, or `code` is; with both, `id` is what `code` was found to name.
  std::string code;
  /// Text of an id is an id, all else a code.
  static AccountRef parse(std::string_view text);
};

/// Account codes are not longer.
inline constexpr std::size_t max_code_bytes = 200;

/// Whether text has the form of an account's id, of whatever number: no code may.
bool looks_like_account_id(std::string_view text);

}  // namespace florin::ledger
