#pragma once
#include <cstddef>

#include "ledger/ledger.h"

namespace florin::ledger::bulk {

/// Of a bulk that is written in one go, because it holds more than plain transfers: some 50 ms of
/// the writer.
inline constexpr std::size_t max_postings_at_once = 2'500;

/// The work of a command in postings: what it costs the writer. Captures, releases and reversals
/// count as one, and a split as all of its sides.
std::size_t weight_of(const Command& command);

}  // namespace florin::ledger::bulk
