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
  DeliveryPolicy policy = {};  ///< The defaults of new endpoints.
  int retry_attempts = 5;      ///< These two make its delays, in the module.
  std::int64_t retry_delay_ms = 1'000;
  GameServer game_server = {};
  std::int64_t retention_days = 30;
  std::int64_t max_endpoints_per_tenant = 500;
  /// "HOST" or "HOST:PORT": exempt from the address rules (sandbox, private networks).
  std::vector<std::string> allowed_hosts = {};
  std::int64_t disable_after_s = 5 * 24 * 3'600;  ///< Of failures without a success.
  int max_in_flight = 400;  ///< Attempts in progress at one time, over all endpoints.
  /// For secrets chosen by clients, beside broken_secret_rule().
  SecretRule secret_rule = [](const Secret&) { return std::nullopt; };
  /// How often to look for changes by other nodes; 0: there are no others.
  std::int64_t poll_interval_ms = 0;
};

/// Called in every unit of work of the delivering node: an error rolls it back when another node
/// delivers now. Attempts whose results could not be written are repeated by that node.
using Fence = std::function<Result<void>(sql::Tx&)>;

/// How the configuration fills them.
config::Section settings_section();

}  // namespace florin::webhooks
