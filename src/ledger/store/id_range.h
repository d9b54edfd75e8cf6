#pragma once
#include <cstdint>

#include "ledger/order.h"

namespace florin::ledger::store {

/// Part of a list, in the order of ids: those from `low` to `high`, both included.
struct IdRange {
  std::int64_t low = 0, high = INT64_MAX;
  Order order = Order::newest_first;
};

}  // namespace florin::ledger::store
