#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.h"

namespace florin::config {
struct Section;
}

namespace florin::hub {

/// The module's part of the configuration. By it alone a partner "default" exists when it has a
/// secret.
struct Settings {
  Secret hmac_secret;             ///< Of the default partner's calls.
  std::string operator_base_url;  ///< Empty: its wallets are internal.
  Secret operator_secret;         ///< Empty: hmac_secret.
  std::string operator_id = "florin";
  std::string operator_dialect = "florin";
  std::int64_t operator_rate_per_minute = 60;
  std::int64_t operator_timeout_ms = 5'000;
  /// "HOST" or "HOST:PORT" that tenants may name as Operators in spite of the address rules.
  std::vector<std::string> allowed_hosts = {};
};

/// How the configuration fills them.
config::Section settings_section();

}  // namespace florin::hub
