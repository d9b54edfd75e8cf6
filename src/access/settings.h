#pragma once
#include <cstdint>

namespace florin::access {

/// The module's part of the configuration, besides SessionSettings.
struct Settings {
  std::int64_t rate_limit_per_second = 10'000;  ///< Of a new key; 0: no limit.
};

}  // namespace florin::access
