#pragma once
#include <cstdint>

namespace florin::ledger::bulk {

/// Large bulks now.
struct Counts {
  std::int64_t waiting = 0, running = 0;
  std::int64_t unwritten = 0;  ///< They count, and a fault of the database delays their rows.
};

}  // namespace florin::ledger::bulk
