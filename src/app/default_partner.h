#pragma once
#include "app/application.h"

namespace florin::app {

/// The partner "default" as configuration describes it (nothing without a secret), in that tenant.
/// Errors: invalid_configuration (an unknown dialect), store errors.
Result<void> ensure_default_partner(Core& core, TenantId tenant, const HubConfig& config);

/// The tenant of that name; made when it is "default" and missing.
Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name);

}  // namespace florin::app
