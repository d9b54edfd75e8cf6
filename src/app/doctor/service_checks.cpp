#include "app/doctor/service_checks.h"

#include <fmt/format.h>

#include <set>

#include "app/certificate_watch.h"
#include "app/core.h"
#include "app/modules.h"
#include "cluster/last_run.h"
#include "cluster/leases.h"
#include "platform/jobs/scheduler.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"

namespace florin::app {
namespace {

using modules::Health;
using modules::HealthLevel;

constexpr std::size_t max_named = 10;

void add_failure(std::string& failed, std::string_view job, std::string_view why) {
  failed += fmt::format("{}the job {} failed: {}", failed.empty() ? "" : "; ", job, why);
}

/// Of the module, or of all without one. A job of another node is known by the last run that it
/// left on its lease.
Health look_at_jobs(const CheckedParts& parts, const std::string& module) {
  std::string failed;
  std::set<std::string> ours;
  for (const jobs::JobState& job : parts.scheduler.states()) {
    const bool is_ours = !job.alone || parts.is_ours(job.name);
    if (is_ours) ours.insert(job.name);
    if (is_ours && !job.last_ok && job.name.starts_with(module))
      add_failure(failed, job.name, job.last_result);
  }
  const auto leases = parts.leases.list();
  if (!leases) return Health::degraded(leases.error().detail);
  for (const cluster::LeaseState& state : *leases) {
    const std::string& job = state.lease.name;
    if (state.last_run.empty() || ours.contains(job) || !job.starts_with(module)) continue;
    if (const auto why = cluster::failure_in(state.last_run))
      add_failure(failed, state.holder ? fmt::format("{} on node {}", job, *state.holder) : job,
                  *why);
  }
  return failed.empty() ? Health() : Health::degraded(failed);
}

Health look_at_http(const CheckedParts& parts) {
  if (parts.core.get<metrics::Registry>().gauge("florin_http_body_memory_full", "").value() != 0) {
    return Health::degraded(
        "bodies were refused in the last minute: all together take http.body_memory_bytes");
  }
  const http::TlsSource* const tls = parts.tls();
  return tls ? look_at_certificate(tls->state(), parts.clock.now()) : Health();
}

/// A node continues beside a schema that a newer one has expanded, and cannot start again with it.
Health look_at_schema(sql::Database& database) {
  const auto states = sql::migration_states(database, all_migrations());
  return states ? Health() : Health::degraded(states.error().detail);
}

Health look_at_secrets(const Core& core) {
  std::string lost = unreadable_secrets(core);
  return lost.empty() ? Health() : Health::degraded(std::move(lost));
}

}  // namespace

std::string unreadable_secrets(const Core& core) {
  auto names = core.unreadable_secrets();
  if (!names) return names.error().detail;
  if (names->empty()) return {};
  if (const std::size_t count = names->size(); count > max_named) {
    names->resize(max_named);
    names->push_back(fmt::format("{} in all", count));
  }
  return fmt::format("secrets do not open with this key (secret.key, ENCRYPTION_KEY): {}",
                     fmt::join(*names, ", "));
}

std::vector<ServiceCheck> service_checks(const CheckedParts& parts) {
  std::vector<ServiceCheck> checks;
  const auto add = [&](std::string_view name, std::function<Health()> look) {
    checks.push_back(
        {std::string(name), [parts, prefix = std::string(name) + ".", look = std::move(look)] {
           Health jobs = look_at_jobs(parts, prefix);
           return jobs.level == HealthLevel::healthy ? look() : jobs;
         }});
  };
  add("http", [parts] { return look_at_http(parts); });
  for (const NamedPart& each : parts.core.parts())
    add(each.name, [part = each.part.get()] { return part->health(); });
  checks.push_back({"jobs", [parts] { return look_at_jobs(parts, ""); }});
  checks.push_back({"schema", [parts] { return look_at_schema(parts.database); }});
  checks.push_back({"secrets", [parts] { return look_at_secrets(parts.core); }});
  return checks;
}

}  // namespace florin::app
