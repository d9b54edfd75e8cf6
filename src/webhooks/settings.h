#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "webhooks/endpoint.h"

namespace florin::webhooks {

/// The module's part of the configuration.
struct Settings {
  Manner manner = {};  ///< Of endpoints that do not say otherwise.
  std::int64_t retention_days = 30;
  std::int64_t max_endpoints_per_tenant = 500;
  /// "HOST" or "HOST:PORT" that tenants may name in spite of the address rules (sandbox).
  std::vector<std::string> allowed_hosts = {};
  std::int64_t disable_after_s = 5 * 24 * 3'600;  ///< Of failing without a success.
  int max_in_flight = 400;  ///< Attempts under way at one time, over all endpoints.
};

}  // namespace florin::webhooks
