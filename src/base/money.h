#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "base/currency.h"
#include "base/result.h"

namespace florin {

/// Sum and difference of minor units; nothing when 64 bits do not hold the result.
std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b);
std::optional<std::int64_t> checked_subtract(std::int64_t a, std::int64_t b);

/// An amount in minor units of its currency (1050 KZT is 10.50 tenge). Signed, checked, never a
/// float.
struct Money {
  std::int64_t minor = 0;
  Currency currency;

  friend constexpr bool operator==(const Money&, const Money&) = default;

  /// Errors: currency_mismatch, amount_overflow.
  Result<Money> plus(const Money& other) const;
  Result<Money> minus(const Money& other) const;
  /// `parts` (>= 1) shares that differ by at most one minor unit and add up to the whole; the first
  /// shares take the remainder.
  std::vector<Money> split(int parts) const;
};

namespace errors {
/// The amounts have different currencies; one currency is required.
inline constexpr ErrorCode currency_mismatch{ErrorKind::rejected, "currency_mismatch"};
/// A sum does not fit into 64 bits of minor units.
inline constexpr ErrorCode amount_overflow{ErrorKind::rejected, "amount_overflow"};
}  // namespace errors

}  // namespace florin
