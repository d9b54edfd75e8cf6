#include "app/settings/kinds.h"
#include "app/settings/modules.h"
#include "hub/partners.h"

namespace florin::app::setting {

std::vector<Setting> of_hub() {
  return {
      secret("hub.hmac_secret", "HMAC_SECRET",
             "Secret of the wallet API's partner \"default\", which exists when this is set; 16 to "
             "255 "
             "bytes.",
             hub::broken_secret_rule, [](Config& c) -> Secret& { return c.hub.hmac_secret; }),
      text("hub.operator_base_url", "OPERATOR_BASE_URL",
           "The Operator that holds the default partner's money. Default: none, our ledger does.",
           [](Config& c) -> std::string& { return c.hub.operator_base_url; }),
      secret(
          "hub.operator_secret", "OPERATOR_HMAC_SECRET",
          "Secret of our calls to the Operator, 16 to 255 bytes. Default: that of hub.hmac_secret.",
          hub::broken_secret_rule, [](Config& c) -> Secret& { return c.hub.operator_secret; }),
      text("hub.operator_id", "OPERATOR_ID", "What the Operator calls us.",
           [](Config& c) -> std::string& { return c.hub.operator_id; }),
      text("hub.operator_dialect", "OPERATOR_DIALECT",
           "How the Operator is spoken to: florin or evenbet.",
           [](Config& c) -> std::string& { return c.hub.operator_dialect; }),
      number<std::int64_t>(
          "hub.operator_rate_per_minute", "OPERATOR_RATE_PER_MINUTE",
          "Calls a minute that the Operator takes, 0 to 1000000; 0 means no limit.", 0, 1'000'000,
          [](Config& c) -> std::int64_t& { return c.hub.operator_rate_per_minute; }),
      number<std::int64_t>(
          "hub.operator_timeout_ms", "OPERATOR_TIMEOUT_MS",
          "Time that one call to the Operator may take, in milliseconds, 100 to 60000.", 100,
          60'000, [](Config& c) -> std::int64_t& { return c.hub.operator_timeout_ms; }),
      list("hub.allowed_hosts", "FLORIN_HUB_ALLOWED_HOSTS",
           "Hosts (HOST or HOST:PORT, separated by commas) that tenants may name as Operators "
           "although their addresses are private.",
           [](Config& c) -> std::vector<std::string>& { return c.hub.allowed_hosts; }),
  };
}

}  // namespace florin::app::setting
