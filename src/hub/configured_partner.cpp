#include "hub/configured_partner.h"

#include "base/try.h"
#include "hub/partners/partners.h"

namespace florin::hub {

Result<void> ensure_configured_partner(Partners& partners, TenantId tenant, const std::string& code,
                                       const Settings& settings) {
  PartnerDraft wanted;
  wanted.code = code;
  for (const char* currency : {"USD", "EUR", "GBP"})
    wanted.currencies.push_back(*Currency::parse(currency));
  wanted.secret = settings.hmac_secret;
  if (!settings.operator_base_url.empty()) {
    wanted.mode = WalletMode::operator_wallet;
    wanted.operator_secret =
        settings.operator_secret.empty() ? settings.hmac_secret : settings.operator_secret;
    OperatorSettings& calls = wanted.operator_settings;
    calls.base_url = settings.operator_base_url;
    calls.operator_id = settings.operator_id;
    calls.dialect = settings.operator_dialect;
    calls.rate_per_minute = settings.operator_rate_per_minute;
    calls.timeout_ms = settings.operator_timeout_ms;
    calls.is_trusted = true;
  }
  TRY(partners.ensure(tenant, wanted));
  return {};
}

}  // namespace florin::hub
