#include "app/doctor/service_checks.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "app/application.h"
#include "app/certificate_watch.h"
#include "app/data/anchor_file.h"
#include "app/data/migrations.h"
#include "cluster/agreed_clock.h"
#include "cluster/job_note.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "platform/jobs/scheduler.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"

namespace florin::app {
namespace {

/// Retries of a receiver that is away for a moment are over by then.
constexpr double old_backlog_s = 300;
constexpr std::size_t many_runs = 100;
constexpr std::int64_t recent_us = 300LL * 1'000'000;

double value_of(Core& core, std::string_view gauge) {
  return core.metrics.gauge(gauge, "").value();
}

constexpr std::size_t max_named = 10;

/// "partner acme", a few of them, before `more`.
std::vector<std::string> named(std::string_view kind, const std::vector<std::string>& names,
                               std::vector<std::string> more) {
  std::vector<std::string> all;
  for (const std::string& name : names) {
    if (all.size() == max_named) {
      all.push_back(fmt::format("{} in all", names.size()));
      break;
    }
    all.push_back(fmt::format("{} {}", kind, name));
  }
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Finding degraded(std::string reason) { return {Health::degraded, std::move(reason)}; }

Finding look_at_anchor(const AnchorKeeper& anchor) {
  const std::string trouble = anchor.trouble();
  return trouble.empty() ? Finding() : degraded("the anchor is not written: " + trouble);
}

Finding look_at_ledger(Core& core, const AnchorKeeper& anchor) {
  if (Finding found = look_at_anchor(anchor); found.health != Health::healthy) return found;
  if (const double unwritten = value_of(core, "florin_ledger_large_bulks_unwritten"); unwritten > 0)
    return degraded(
        fmt::format("rows of {} large bulks, which count, wait to be written", unwritten));
  const double running = value_of(core, "florin_ledger_large_bulks_running");
  const double waiting = value_of(core, "florin_ledger_large_bulks_waiting");
  if (running + waiting == 0) return {};
  return {Health::healthy, fmt::format("{} large bulks are posted, {} wait", running, waiting)};
}

Finding look_at_webhooks(Core& core) {
  const double age_s = value_of(core, "florin_webhooks_backlog_age_seconds");
  if (age_s < old_backlog_s) return {};
  return degraded(fmt::format("{} deliveries wait, the oldest for {} s",
                              value_of(core, "florin_webhooks_backlog"),
                              static_cast<std::int64_t>(age_s)));
}

Finding look_at_http(Core& core) {
  if (value_of(core, "florin_http_body_memory_full") == 0) return {};
  return degraded(
      "bodies were refused in the last minute: all together take "
      "http.body_memory_bytes");
}

/// What the Operators' silence tells, of those called in the last minutes.
std::string failing_operators(Core& core, Timestamp now) {
  std::string failing;
  for (const auto& [code, trouble] : core.hub.troubles()) {
    if (now.us - trouble.last.us > recent_us) continue;
    failing +=
        fmt::format("{}calls to the Operator of {} fail since {}: {}", failing.empty() ? "" : "; ",
                    code, trouble.since.rfc3339(), trouble.reason);
  }
  return failing;
}

Finding look_at_hub(Core& core, Timestamp now) {
  if (std::string failing = failing_operators(core, now); !failing.empty())
    return degraded(std::move(failing));
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

void add_failure(std::string& failed, std::string_view job, std::string_view why) {
  failed += fmt::format("{}the job {} failed: {}", failed.empty() ? "" : "; ", job, why);
}

/// Of the module, or of all without one. What another node alone does is known by the note that it
/// left on its lease.
Finding look_at_jobs(const CheckedParts& parts, const std::string& module) {
  std::string failed;
  std::set<std::string> ours;
  for (const jobs::JobState& job : parts.scheduler.states()) {
    const bool is_ours = !job.alone || parts.is_ours(job.name);
    if (is_ours) ours.insert(job.name);
    if (is_ours && !job.last_ok && job.name.starts_with(module))
      add_failure(failed, job.name, job.last_result);
  }
  const auto leases = parts.leases.list();
  if (!leases) return degraded(leases.error().detail);
  for (const cluster::LeaseState& state : *leases) {
    const std::string& job = state.lease.name;
    if (state.note.empty() || ours.contains(job) || !job.starts_with(module)) continue;
    if (const auto why = cluster::failure_in(state.note))
      add_failure(failed, state.holder ? fmt::format("{} on node {}", job, *state.holder) : job,
                  *why);
  }
  return failed.empty() ? Finding() : degraded(failed);
}

/// A node goes on beside a schema that a newer one has expanded, and cannot start again with it.
Finding look_at_schema(sql::Database& database) {
  const auto states = sql::migration_states(database, all_migrations());
  return states ? Finding() : degraded(states.error().detail);
}

Finding look_at_secrets(Core& core) {
  const std::string lost = unreadable_secrets(core);
  return lost.empty() ? Finding() : degraded(lost);
}

}  // namespace

std::string unreadable_secrets(Core& core) {
  const auto partners = core.hub.partners().unreadable();
  const auto endpoints = core.webhooks.unreadable();
  if (!endpoints) return endpoints.error().detail;
  if (partners.empty() && endpoints->empty()) return {};
  return fmt::format(
      "secrets do not open with this key (secret.key, ENCRYPTION_KEY): {}",
      fmt::join(named("partner", partners, named("endpoint", *endpoints, {})), ", "));
}

std::string_view to_string(Health health) {
  constexpr std::array<std::string_view, 3> words{"healthy", "degraded", "down"};
  return words[static_cast<std::size_t>(health)];
}

std::vector<ServiceCheck> service_checks(CheckedParts parts) {
  const auto module = [&](const std::string& name, const std::function<Finding()>& look) {
    return ServiceCheck{name, [look, name, parts] {
                          const Finding jobs = look_at_jobs(parts, name + ".");
                          return jobs.health == Health::healthy ? look() : jobs;
                        }};
  };
  const auto well = [] { return Finding(); };
  Core& core = parts.core;
  return {
      {"http", [&core] { return look_at_http(core); }},
      module("access", well),
      module("events", well),
      module("ledger", [&core, parts] { return look_at_ledger(core, parts.anchor); }),
      module("webhooks", [&core] { return look_at_webhooks(core); }),
      module("hub", [&core, &clock = parts.clock] { return look_at_hub(core, clock.now()); }),
      module("relay", well),
      module("reconciliation", [&core] { return look_at_reconciliation(core); }),
      module("cluster",
             [&nodes = parts.nodes, &clock = parts.clock] { return look_at_nodes(nodes, clock); }),
      {"jobs", [parts] { return look_at_jobs(parts, ""); }},
      module("http",
             [parts] {
               const http::TlsSource* const tls = parts.tls();
               return tls ? look_at_certificate(tls->state(), parts.clock.now()) : Finding();
             }),
      {"schema", [&core] { return look_at_schema(core.database); }},
      {"secrets", [&core] { return look_at_secrets(core); }},
  };
}

}  // namespace florin::app
