#include "hub/settings.h"

#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "platform/config/settings.h"
#include "platform/http_client/address_guard.h"

namespace florin::hub {

using config::number;

config::Section settings_section() {
  const auto dialects = operators::dialect_names();
  return config::section<Settings>(
      "hub",
      {config::secret("hmac_secret", &Settings::hmac_secret, broken_secret_rule,
                      "Secret of the wallet API's partner \"default\", which exists when this is "
                      "set; 16 to 255 bytes that are hard to guess",
                      {.env = "HMAC_SECRET"}),
       config::url("operator_base_url", &Settings::operator_base_url,
                   http_client::broken_base_url_rule,
                   "The Operator that holds the default partner's money, http or https; it may be "
                   "private. Needs hub.hmac_secret. Default: none, our ledger holds it",
                   {.env = "OPERATOR_BASE_URL"}),
       config::secret("operator_secret", &Settings::operator_secret, broken_secret_rule,
                      "Secret of our calls to the Operator, 16 to 255 bytes that are hard to "
                      "guess. Default: that of hub.hmac_secret",
                      {.env = "OPERATOR_HMAC_SECRET"}),
       config::text("operator_id", &Settings::operator_id, "What the Operator calls us",
                    {.env = "OPERATOR_ID"}),
       config::choice("operator_dialect", &Settings::operator_dialect,
                      {dialects.begin(), dialects.end()}, "How the Operator is spoken to",
                      {.env = "OPERATOR_DIALECT"}),
       number("operator_rate_per_minute", &Settings::operator_rate_per_minute, {0, 1'000'000},
              "Calls a minute that the Operator takes",
              {.env = "OPERATOR_RATE_PER_MINUTE", .help = "0 means no limit."}),
       number("operator_timeout_ms", &Settings::operator_timeout_ms, {100, 60'000},
              "Time that one call to the Operator may take, in milliseconds",
              {.env = "OPERATOR_TIMEOUT_MS"}),
       config::list("allowed_hosts", &Settings::allowed_hosts, config::broken_host_rule,
                    "Hosts (HOST or HOST:PORT, separated by commas) that tenants may name as "
                    "Operators although their addresses are private")});
}

}  // namespace florin::hub
