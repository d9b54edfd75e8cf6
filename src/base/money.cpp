#include "base/money.h"

#include <cassert>

namespace florin {

std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}

std::optional<std::int64_t> checked_subtract(std::int64_t a, std::int64_t b) {
  std::int64_t difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? std::nullopt : std::optional(difference);
}

namespace {

Result<Money> combined(const Money& a, const Money& b, std::optional<std::int64_t> minor) {
  if (a.currency != b.currency) {
    return Error{errors::currency_mismatch, "amounts of different currencies cannot be combined"};
  }
  if (!minor)
    return Error{errors::amount_overflow, "the sum does not fit into 64 bits of minor units"};
  return Money{*minor, a.currency};
}

}  // namespace

Result<Money> Money::plus(const Money& other) const {
  return combined(*this, other, checked_add(minor, other.minor));
}

Result<Money> Money::minus(const Money& other) const {
  return combined(*this, other, checked_subtract(minor, other.minor));
}

std::vector<Money> Money::split(int parts) const {
  assert(parts >= 1);
  std::vector<Money> shares(static_cast<std::size_t>(parts), Money{minor / parts, currency});
  const std::int64_t rest = minor % parts;
  const std::int64_t step = rest < 0 ? -1 : 1;
  for (std::int64_t i = 0; i != rest; i += step)
    shares[static_cast<std::size_t>(i * step)].minor += step;
  return shares;
}

}  // namespace florin
