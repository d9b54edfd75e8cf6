#include "app/core.h"

#include "access/access.h"
#include "app/exposure.h"
#include "app/modules.h"
#include "app/reconciliation_sources.h"
#include "app/tenants.h"
#include "base/try.h"
#include "platform/sql/database.h"

namespace florin::app {
namespace {

std::unique_ptr<cache::RateLimiter> limiter(const Config& config, const Clock& clock,
                                            metrics::Registry& metrics) {
  if (config.redis.host.empty()) return cache::limiter_in_memory();
  return cache::limiter_over_redis(config.redis, clock, metrics);
}

/// Enough for the sessions of many browsers; some 300 bytes each.
constexpr std::size_t max_values = 100'000;

std::unique_ptr<cache::TtlCache> ttl_cache(const Config& config, const Clock& clock,
                                           metrics::Registry& metrics) {
  if (config.redis.host.empty()) return cache::ttl_cache_in_memory(clock, max_values);
  return cache::ttl_cache_over_redis(config.redis, clock, metrics, max_values);
}

/// Redis, healthy when both limits and sessions are shared; nothing while they are kept in memory.
std::optional<modules::Dependency> redis_of(const cache::RateLimiter& limits,
                                            const cache::TtlCache& values) {
  cache::Sharing state = limits.state();
  if (!state.is_remote) return std::nullopt;
  if (state.is_shared) state = values.state();
  return modules::Dependency{"redis", state.is_shared, std::move(state.detail)};
}

}  // namespace

Core::Core(sql::Database& database, const Clock& clock, const Config& config,
           const Secret& secret_key, modules::Services given)
    : limits_(limiter(config, clock, metrics_)),
      values_(ttl_cache(config, clock, metrics_)),
      vault_(secret_key),
      ids_(clock, config.node_id),
      config_(config),
      secret_rule_(secret_rule(config)),
      data_{config.data_dir},
      event_types_(all_event_types()),
      permissions_(all_permissions()),
      tenant_{[this]() -> Result<TenantId> {
        return TRY(configured_tenant(get<access::Access>(), config_)).id;
      }},
      sources_(reconciliation_sources(data_, services_)),
      services_(std::move(given)) {
  services_.provide(database);
  services_.provide(clock);
  services_.provide(metrics_);
  services_.provide(*limits_);
  services_.provide(*values_);
  services_.provide(vault_);
  services_.provide(ids_);
  services_.provide(secret_rule_);
  services_.provide(data_);
  services_.provide(event_types_);
  services_.provide(permissions_);
  services_.provide(tenant_);
  services_.provide(sources_);
  for (const modules::Module& module : all_modules()) {
    for (const config::Section& section : module.settings)
      services_.provide(section.type, section.read_address(config_.of_modules.at(section.type)));
  }
  if (!services_.find<const jobs::HeldLeases>()) services_.provide(every_duty_);
  for (const modules::Module& module : all_modules()) {
    if (module.build) parts_.push_back({module.name, module.build(services_)});
  }
}

Core::~Core() {
  while (!parts_.empty()) parts_.pop_back();
}

Result<void> Core::recover() {
  if (is_recovered_) return {};
  for (const NamedPart& each : parts_) TRY(each.part->recover());
  is_recovered_ = true;
  return {};
}

void Core::start() {
  limits_->start();
  values_->start();
}

std::vector<modules::Dependency> Core::dependencies() const {
  std::vector<modules::Dependency> all;
  if (auto redis = redis_of(*limits_, *values_)) all.push_back(*std::move(redis));
  for (const NamedPart& each : parts_) {
    if (auto dependency = each.part->dependency()) all.push_back(*std::move(dependency));
  }
  return all;
}

Result<std::vector<std::string>> Core::unreadable_secrets() const {
  std::vector<std::string> all;
  for (const NamedPart& each : parts_) {
    for (std::string& name : TRY(each.part->unreadable_secrets())) all.push_back(std::move(name));
  }
  return all;
}

}  // namespace florin::app
