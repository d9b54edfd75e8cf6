#include "app/tenants.h"

namespace florin::app {

Result<access::Tenant> configured_tenant(access::Access& access, const Config& config) {
  const char* const name = config.sandbox ? "demo" : "default";
  auto found = access.find_tenant(name);
  return found ? std::move(found) : access.create_tenant(name);
}

Result<access::Tenant> tenant_by_name(access::Access& access, const std::string& name) {
  auto found = access.find_tenant(name);
  if (!found && name == "default") return access.create_tenant(name);
  return found;
}

}  // namespace florin::app
