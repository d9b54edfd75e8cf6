#pragma once
#include <cstdint>

namespace florin::ledger {

/// Which end of a list comes first.
enum class Order : std::uint8_t { newest_first, oldest_first };

}  // namespace florin::ledger
