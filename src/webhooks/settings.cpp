#include "webhooks/settings.h"

#include "platform/config/settings.h"
#include "platform/http_client/address_guard.h"

namespace florin::webhooks {

using config::number;
using config::path;

config::Section settings_section() {
  return config::section<Settings>(
      "webhooks",
      {number("retry_attempts", &Settings::retry_attempts, {1, 20},
              "Attempts of a webhook delivery where its endpoint does not say",
              {.env = "WEBHOOK_RETRY_ATTEMPTS"}),
       number("retry_delay_ms", &Settings::retry_delay_ms, {1, 86'400'000},
              "Delay before the second attempt in milliseconds, doubled each time",
              {.env = "WEBHOOK_RETRY_DELAY"}),
       number("timeout_ms", path(&Settings::policy, &DeliveryPolicy::timeout_ms), {100, 60'000},
              "Time of one attempt in milliseconds where the endpoint does not say"),
       number("retention_days", &Settings::retention_days, {1, 3'650},
              "Days for which ended deliveries and their attempts are kept"),
       config::list("allowed_hosts", &Settings::allowed_hosts, config::broken_host_rule,
                    "Hosts (HOST or HOST:PORT, separated by commas) that tenants may name for "
                    "webhooks although their addresses are private, plain http too"),
       config::url("rgs_url", path(&Settings::game_server, &GameServer::url),
                   http_client::broken_url_rule,
                   "The game server's webhook address, http or https; it may be private. Default: "
                   "none",
                   {.env = "RGS_WEBHOOK_URL"}),
       config::secret("rgs_secret", path(&Settings::game_server, &GameServer::secret),
                      broken_secret_rule,
                      "Signs webhooks to the game server: whsec_ and base64 of 24 to 64 bytes, or "
                      "other text of at least 16 bytes, hard to guess. Default: one is made",
                      {.env = "WEBHOOK_SECRET"}),
       number("rgs_max_retries", path(&Settings::game_server, &GameServer::max_retries), {0, 5},
              "Retries to the game server, after 1, 5, 15, 60 and 300 seconds",
              {.env = "WEBHOOK_MAX_RETRIES"})},
      nullptr, "FLORIN_WEBHOOK_");
}

}  // namespace florin::webhooks
