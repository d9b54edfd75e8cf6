#include "app/service_checks.h"

#include <fmt/core.h>

#include <array>

#include "app/application.h"
#include "cluster/agreed_clock.h"
#include "cluster/nodes.h"
#include "platform/jobs/scheduler.h"

namespace florin::app {
namespace {

/// Retries of a receiver that is away for a moment are over by then.
constexpr double old_backlog_s = 300;
constexpr std::size_t many_runs = 100;

double value_of(Core& core, std::string_view gauge) {
  return core.metrics.gauge(gauge, "").value();
}

Finding degraded(std::string reason) { return {Health::degraded, std::move(reason)}; }

Finding look_at_webhooks(Core& core) {
  const double age_s = value_of(core, "florin_webhooks_backlog_age_seconds");
  if (age_s < old_backlog_s) return {};
  return degraded(fmt::format("{} deliveries wait, the oldest for {} s",
                              value_of(core, "florin_webhooks_backlog"),
                              static_cast<std::int64_t>(age_s)));
}

Finding look_at_hub(Core& core) {
  const double stuck = value_of(core, "florin_hub_stuck_transactions");
  if (stuck > 0)
    return degraded(fmt::format("{} wallet transactions are stuck: decide them", stuck));
  const double pending = value_of(core, "florin_hub_pending_transactions");
  return {Health::healthy,
          pending > 0 ? fmt::format("{} wallet transactions are pending", pending) : ""};
}

Finding look_at_reconciliation(Core& core) {
  const auto waiting = core.reconciliations.unfinished();
  if (!waiting) return degraded(waiting.error().detail);
  if (waiting->size() < many_runs) return {};
  return degraded(fmt::format("{} reconciliations wait", waiting->size()));
}

Finding look_at_nodes(const cluster::Nodes& nodes, const cluster::AgreedClock& clock) {
  if (std::string doubt = clock.doubt(); !doubt.empty()) return degraded(std::move(doubt));
  const auto all = nodes.list();
  if (!all) return degraded(all.error().detail);
  std::string silent;
  for (const cluster::Node& node : *all) {
    if (!node.is_live(clock.now()))
      silent += fmt::format("{}node {} ({}) is silent since {}", silent.empty() ? "" : "; ",
                            node.self.node, node.self.host, node.beat_at.rfc3339());
  }
  return silent.empty() ? Finding() : degraded(silent);
}

/// Of the module, or of all without one.
Finding look_at_jobs(const jobs::Scheduler& scheduler, const std::string& module) {
  std::string failed;
  for (const jobs::JobState& job : scheduler.states()) {
    if (job.last_ok || !job.name.starts_with(module)) continue;
    failed += fmt::format("{}the job {} failed: {}", failed.empty() ? "" : "; ", job.name,
                          job.last_result);
  }
  return failed.empty() ? Finding() : degraded(failed);
}

}  // namespace

std::string_view to_string(Health health) {
  constexpr std::array<std::string_view, 3> words{"healthy", "degraded", "down"};
  return words[static_cast<std::size_t>(health)];
}

std::vector<ServiceCheck> service_checks(CheckedParts parts) {
  const auto module = [&](const std::string& name, const std::function<Finding()>& look) {
    return ServiceCheck{name, [look, name, &scheduler = parts.scheduler] {
                          const Finding jobs = look_at_jobs(scheduler, name + ".");
                          return jobs.health == Health::healthy ? look() : jobs;
                        }};
  };
  const auto well = [] { return Finding(); };
  Core& core = parts.core;
  return {
      module("access", well),
      module("events", well),
      module("ledger", well),
      module("webhooks", [&core] { return look_at_webhooks(core); }),
      module("hub", [&core] { return look_at_hub(core); }),
      module("relay", well),
      module("reconciliation", [&core] { return look_at_reconciliation(core); }),
      module("cluster",
             [&nodes = parts.nodes, &clock = parts.clock] { return look_at_nodes(nodes, clock); }),
      {"jobs", [&scheduler = parts.scheduler] { return look_at_jobs(scheduler, ""); }},
  };
}

}  // namespace florin::app
