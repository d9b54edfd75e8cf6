#include "app/default_partner.h"

#include <algorithm>

#include "base/try.h"

namespace florin::app {
namespace {

bool is_known_dialect(std::string_view name) {
  const auto names = hub::operators::dialect_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Result<void> ensure_default_partner(Core& core, TenantId tenant, const HubConfig& config) {
  if (config.hmac_secret.empty()) return {};
  if (!is_known_dialect(config.operator_dialect)) {
    return Error{errors::invalid_configuration,
                 "hub.operator_dialect: there is no dialect " + config.operator_dialect};
  }
  hub::NewPartner wanted;
  wanted.code = "default";
  for (const char* code : {"USD", "EUR", "GBP"})
    wanted.currencies.push_back(*Currency::parse(code));
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

Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name) {
  auto found = access.find_tenant(name);
  if (!found && name == "default") return access.create_tenant(name);
  return found;
}

}  // namespace florin::app
