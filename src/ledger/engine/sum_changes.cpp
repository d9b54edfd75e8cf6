#include "ledger/engine/sum_changes.h"

#include "base/money.h"

namespace florin::ledger::engine {

void add(std::int64_t& sum, std::int64_t amount, bool& overflow) {
  const auto result = checked_add(sum, amount);
  if (result) {
    sum = *result;
  } else {
    overflow = true;
  }
}

std::optional<Sums> after(const Sums& now, const Sums& delta) {
  bool overflow = false;
  Sums sums = now;
  add(sums.debits_posted, delta.debits_posted, overflow);
  add(sums.credits_posted, delta.credits_posted, overflow);
  add(sums.debits_pending, delta.debits_pending, overflow);
  add(sums.credits_pending, delta.credits_pending, overflow);
  if (overflow || !checked_add(sums.debits_posted, sums.debits_pending) ||
      !checked_add(sums.credits_posted, sums.credits_pending)) {
    return std::nullopt;
  }
  return sums;
}

}  // namespace florin::ledger::engine
