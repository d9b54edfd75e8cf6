#pragma once
#include <string>

#include "access/access.h"
#include "app/config.h"
#include "base/result.h"

namespace florin::app {

/// The tenant that configuration alone sets up: "demo" in a sandbox, else "default". It is made
/// when it is missing.
Result<access::Tenant> configured_tenant(access::Access& access, const Config& config);

/// The tenant of that name; made when it is "default" and missing.
Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name);

}  // namespace florin::app
