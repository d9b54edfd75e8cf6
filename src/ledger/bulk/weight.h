#pragma once
#include <cstddef>

#include "base/result.h"
#include "ledger/ledger.h"

namespace florin::ledger::bulk {

/// Of a bulk that is written in one go, because it holds more than plain transfers: some 50 ms of
/// the writer.
inline constexpr std::size_t max_postings_at_once = 2'500;

/// The work of a command in postings: what it costs the writer. A split counts as all of its sides,
/// what captures or releases a hold of the same bulk as its postings, and what names a stored hold
/// or transfer as one: how many postings that has, refusal_of() sees (named_postings.h).
std::size_t weight_of(const Command& command);

/// A bulk of more than max_postings_at_once.
Error too_many_postings(std::size_t weight);

}  // namespace florin::ledger::bulk
