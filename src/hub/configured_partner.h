#pragma once
#include <string>

#include "base/id.h"
#include "base/result.h"
#include "hub/settings.h"

namespace florin::hub {
class Partners;

/// Makes sure that the partner of this code exists as the settings describe it. Its Operator's
/// address may be private. Errors: those of Partners::ensure.
Result<void> ensure_configured_partner(Partners& partners, TenantId tenant, const std::string& code,
                                       const Settings& settings);

}  // namespace florin::hub
