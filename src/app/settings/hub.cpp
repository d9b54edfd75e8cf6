#include <fmt/format.h>

#include <algorithm>

#include "app/settings/kinds.h"
#include "app/settings/modules.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "platform/http_client/address_guard.h"

namespace florin::app::setting {

namespace {

Setting dialect() {
  return {"hub.operator_dialect", "OPERATOR_DIALECT",
          "How the Operator is spoken to: florin or evenbet.",
          [](Config& config, std::string_view value) -> Result<void> {
            const auto names = hub::operators::dialect_names();
            if (std::find(names.begin(), names.end(), value) == names.end())
              return invalid(fmt::format("must be one of {}", fmt::join(names, ", ")));
            config.hub.operator_dialect = std::string(value);
            return {};
          },
          [](const Config& config) { return config.hub.operator_dialect; }};
}

}  // namespace

std::vector<Setting> of_hub() {
  return {
      secret("hub.hmac_secret", "HMAC_SECRET",
             "Secret of the wallet API's partner \"default\", which exists when this is set; 16 to "
             "255 bytes that are hard to guess.",
             hub::broken_secret_rule, [](Config& c) -> Secret& { return c.hub.hmac_secret; }),
      url("hub.operator_base_url", "OPERATOR_BASE_URL",
          "The Operator that holds the default partner's money, http or https; it may be private. "
          "Needs hub.hmac_secret. Default: none, our ledger holds it.",
          http_client::broken_base_url_rule,
          [](Config& c) -> std::string& { return c.hub.operator_base_url; }),
      secret("hub.operator_secret", "OPERATOR_HMAC_SECRET",
             "Secret of our calls to the Operator, 16 to 255 bytes that are hard to guess. "
             "Default: that "
             "of hub.hmac_secret.",
             hub::broken_secret_rule, [](Config& c) -> Secret& { return c.hub.operator_secret; }),
      text("hub.operator_id", "OPERATOR_ID", "What the Operator calls us.",
           [](Config& c) -> std::string& { return c.hub.operator_id; }),
      dialect(),
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
           broken_host_rule,
           [](Config& c) -> std::vector<std::string>& { return c.hub.allowed_hosts; }),
  };
}

}  // namespace florin::app::setting
