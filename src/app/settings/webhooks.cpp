#include "app/settings/kinds.h"
#include "app/settings/modules.h"
#include "platform/http_client/address_guard.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::app::setting {
std::vector<Setting> of_webhooks() {
  return {
      secret("security.encryption_key", "ENCRYPTION_KEY",
             "Seals secrets in the database, 16 characters or more, hard to guess. Default: the "
             "content of secret.key in the data folder, which is made at the first start.",
             at_least(16), [](Config& c) -> Secret& { return c.encryption_key; }),
      number<int>("webhooks.retry_attempts", "WEBHOOK_RETRY_ATTEMPTS",
                  "Attempts of a webhook delivery where its endpoint does not say, 1 to 20.", 1, 20,
                  [](Config& c) -> int& { return c.webhooks.retry_attempts; }),
      number<std::int64_t>(
          "webhooks.retry_delay_ms", "WEBHOOK_RETRY_DELAY",
          "Delay before the second attempt in milliseconds, doubled each time, 1 to 86400000.", 1,
          86'400'000, [](Config& c) -> std::int64_t& { return c.webhooks.retry_delay_ms; }),
      number<int>("webhooks.timeout_ms", "FLORIN_WEBHOOK_TIMEOUT_MS",
                  "Time of one attempt where the endpoint does not say, 100 to 60000.", 100, 60'000,
                  [](Config& c) -> int& { return c.webhooks.policy.timeout_ms; }),
      number<std::int64_t>(
          "webhooks.retention_days", "FLORIN_WEBHOOK_RETENTION_DAYS",
          "Days for which ended deliveries and their attempts are kept, 1 to 3650.", 1, 3'650,
          [](Config& c) -> std::int64_t& { return c.webhooks.retention_days; }),
      list("webhooks.allowed_hosts", "FLORIN_WEBHOOK_ALLOWED_HOSTS",
           "Hosts (HOST or HOST:PORT, separated by commas) that tenants may name for webhooks "
           "although their addresses are private, plain http too.",
           broken_host_rule,
           [](Config& c) -> std::vector<std::string>& { return c.webhooks.allowed_hosts; }),
      url("webhooks.rgs_url", "RGS_WEBHOOK_URL",
          "The game server's webhook address, http or https; it may be private. Default: none.",
          http_client::broken_url_rule,
          [](Config& c) -> std::string& { return c.webhooks.game_server.url; }),
      secret(
          "webhooks.rgs_secret", "WEBHOOK_SECRET",
          "Signs webhooks to the game server: whsec_ and base64 of 24 to 64 bytes, or other text "
          "of at least 16 bytes, hard to guess. Default: one is made.",
          webhooks::broken_secret_rule,
          [](Config& c) -> Secret& { return c.webhooks.game_server.secret; }),
      number<int>("webhooks.rgs_max_retries", "WEBHOOK_MAX_RETRIES",
                  "Retries to the game server, after 1, 5, 15, 60 and 300 seconds, 0 to 5.", 0, 5,
                  [](Config& c) -> int& { return c.webhooks.game_server.max_retries; }),
  };
}

}  // namespace florin::app::setting
