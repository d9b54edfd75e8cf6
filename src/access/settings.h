#pragma once
#include <cstdint>

namespace florin::config {
struct Section;
}

namespace florin::access {

/// The module's part of the configuration, besides SessionSettings.
struct Settings {
  std::int64_t rate_limit_per_second = 10'000;  ///< Of a new key; 0: no limit.
};

/// How the configuration fills Settings, and SessionSettings.
config::Section settings_section();
config::Section session_settings_section();

}  // namespace florin::access
