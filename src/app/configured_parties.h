#pragma once
#include <string>

#include "app/application.h"

namespace florin::app {

/// A partner as configuration describes it: made, or brought up to date. Without an Operator's
/// address its wallets are internal.
/// Errors: store errors.
Result<void> ensure_partner(Core& core, TenantId tenant, const std::string& code,
                            const HubConfig& config);

/// The game server's webhook endpoint (RGS_WEBHOOK_URL); nothing when there is none. After the
/// webhooks have started. Errors: those of Webhooks::ensure_endpoint.
Result<void> ensure_game_server_endpoint(Core& core, TenantId tenant, const Config& config);

/// The tenant that configuration speaks for: "demo" in a sandbox, else "default", made when it is
/// missing.
Result<access::Tenant> configured_tenant(access::Access& access, const Config& config);

/// The tenant of that name; made when it is "default" and missing.
Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name);

/// The books are served also when no secret can be sealed: what the configuration asked for is then
/// left as it was, with a word in the log.
Result<void> without_key(Result<void> outcome, std::string_view setting);

}  // namespace florin::app
