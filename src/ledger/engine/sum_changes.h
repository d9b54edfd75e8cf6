#pragma once
#include <optional>

#include "ledger/ledger.h"

namespace florin::ledger::engine {

/// Adds, or sets `overflow` when the sum leaves 64 bits.
void add(std::int64_t& sum, std::int64_t amount, bool& overflow);
/// The sums after a change; nothing when posted plus pending of a side leaves 64 bits.
std::optional<Sums> after(const Sums& now, const Sums& delta);

}  // namespace florin::ledger::engine
