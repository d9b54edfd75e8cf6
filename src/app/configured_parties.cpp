#include "app/configured_parties.h"

#include "base/try.h"
#include "platform/crypto/vault.h"
#include "platform/log/log.h"

namespace florin::app {
Result<void> ensure_partner(Core& core, TenantId tenant, const std::string& code,
                            const HubConfig& config) {
  hub::PartnerDraft wanted;
  wanted.code = code;
  for (const char* currency : {"USD", "EUR", "GBP"})
    wanted.currencies.push_back(*Currency::parse(currency));
  wanted.secret = config.hmac_secret;
  if (!config.operator_base_url.empty()) {
    wanted.mode = hub::WalletMode::operator_wallet;
    wanted.operator_secret =
        config.operator_secret.empty() ? config.hmac_secret : config.operator_secret;
    hub::OperatorSettings& settings = wanted.operator_settings;
    settings.base_url = config.operator_base_url;
    settings.operator_id = config.operator_id;
    settings.dialect = config.operator_dialect;
    settings.rate_per_minute = config.operator_rate_per_minute;
    settings.timeout_ms = config.operator_timeout_ms;
    settings.is_trusted = true;
  }
  TRY(core.hub.partners().ensure(tenant, wanted));
  return {};
}

Result<void> ensure_game_server_endpoint(Core& core, TenantId tenant, const Config& config) {
  const RgsWebhook& rgs = config.rgs_webhook;
  if (rgs.url.empty()) return {};
  webhooks::EndpointDraft wanted;
  wanted.tenant = tenant;
  wanted.name = "rgs";
  wanted.url = rgs.url;
  wanted.description = "The game server of the configuration (RGS_WEBHOOK_URL)";
  wanted.is_trusted = true;
  wanted.selection.event_types = {"wallet.*"};
  wanted.policy = config.webhooks.policy;
  wanted.policy.retry_delays_ms = webhooks::game_server_delays();
  const auto most = static_cast<std::size_t>(rgs.max_retries);
  if (wanted.policy.retry_delays_ms.size() > most) wanted.policy.retry_delays_ms.resize(most);
  if (!rgs.secret.empty()) wanted.secret = rgs.secret;
  TRY(core.webhooks.ensure_endpoint(wanted));
  return {};
}

Result<void> without_key(Result<void> outcome, std::string_view setting) {
  if (outcome || outcome.error().code != crypto::errors::secret_key_missing) return outcome;
  log::error("a configured secret was not loaded",
             {{"setting", setting}, {"reason", outcome.error().detail}});
  return {};
}

Result<access::Tenant> configured_tenant(access::Access& access, const Config& config) {
  return tenant_by_name(access, config.sandbox ? "demo" : "default");
}

Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name) {
  auto found = access.find_tenant(name);
  if (!found && name == "default") return access.create_tenant(name);
  return found;
}

}  // namespace florin::app
