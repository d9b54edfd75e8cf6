#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::sql {
class Tx;
}

namespace florin::config {
struct Section;
}

namespace florin::webhooks {

/// The game server of the configuration, which is told of changes to its wallets.
struct GameServer {
  std::string url;  ///< Empty: there is none.
  Secret secret;    ///< Empty: one is made.
  int max_retries = 5;
};

/// The module's part of the configuration.
struct Settings {
  DeliveryPolicy policy = {};  ///< Of endpoints that do not say otherwise.
  int retry_attempts = 5;      ///< These two make its delays, in the module.
  std::int64_t retry_delay_ms = 1'000;
  GameServer game_server = {};
  std::int64_t retention_days = 30;
  std::int64_t max_endpoints_per_tenant = 500;
  /// "HOST" or "HOST:PORT" that tenants may name in spite of the address rules (sandbox).
  std::vector<std::string> allowed_hosts = {};
  std::int64_t disable_after_s = 5 * 24 * 3'600;  ///< Of failing without a success.
  int max_in_flight = 400;  ///< Attempts under way at one time, over all endpoints.
  /// For secrets that somebody chose, beside broken_secret_rule().
  SecretRule secret_rule = [](const Secret&) { return std::nullopt; };
  /// How often to look for what other nodes changed, in milliseconds; 0: there are no others.
  std::int64_t poll_interval_ms = 0;
};

/// Called in every unit of work of the delivering node: an error undoes it when another node
/// delivers by now. What was sent but could not be written is sent again by that one.
using Fence = std::function<Result<void>(sql::Tx&)>;

/// How the configuration fills them.
config::Section settings_section();

}  // namespace florin::webhooks
