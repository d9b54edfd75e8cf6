#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "base/try.h"
#include "cluster/last_run.h"
#include "cluster/lease_manager.h"
#include "cluster/leases.h"
#include "cluster/module.h"
#include "cluster/nodes.h"
#include "platform/jobs/scheduler.h"
#include "platform/json/writer.h"

namespace florin::cluster {
namespace {

using http::Request;
using http::Response;

void write_leases(json::Writer& writer, const Node& node, const std::vector<LeaseState>& leases) {
  writer.key("leases").begin_array();
  for (const LeaseState& state : leases) {
    if (state.session == node.self.session) writer.value(state.lease.name);
  }
  writer.end_array();
}

void write_node(json::Writer& writer, const Node& node, const Shown& shown,
                const std::vector<LeaseState>& leases) {
  writer.begin_object()
      .member("id", node.self.node)
      .member("this", node.self.session == shown.nodes.self().session)
      .member("status", node.is_live(shown.clock.now()) ? "live" : "silent")
      .member("host", node.self.host)
      .member("address", node.self.address)
      .member("version", node.self.version)
      .member("started_at", node.started_at.rfc3339())
      .member("last_heartbeat_at", node.heartbeat_at.rfc3339())
      .member("lease_seconds", node.ttl_us / 1'000'000);
  write_leases(writer, node, leases);
  writer.end_object();
}

Result<Response> list_nodes(const Shown& shown) {
  const auto nodes = TRY(shown.nodes.list());
  const auto leases = TRY(shown.leases.list());
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const Node& node : nodes) write_node(writer, node, shown, leases);
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

/// An entry of the list: a job of the scheduler, or a task without a schedule.
struct Line {
  std::string name, help;
  std::optional<std::int64_t> every_ms;
  bool is_alone = true;
  std::string last_run;  ///< Of this node's own runs; empty: none.
};

const LeaseState* lease_of(const std::vector<LeaseState>& leases, const std::string& name) {
  for (const LeaseState& state : leases) {
    if (state.lease.name == name) return &state;
  }
  return nullptr;
}

void write_line(json::Writer& writer, const Line& line, const LeaseState* lease, bool is_ours) {
  writer.begin_object().member("name", line.name).member("help", line.help).key("every_ms");
  line.every_ms ? writer.value(*line.every_ms) : writer.null();
  writer.member("runs_on", line.is_alone ? "one_node" : "every_node").key("holder");
  lease && lease->holder ? writer.value(*lease->holder) : writer.null();
  writer.key("fencing");
  lease ? writer.value(lease->lease.fencing) : writer.null();
  // Of a job that runs elsewhere the holder has stored its last run with the lease.
  const std::string& last_run = lease && !is_ours ? lease->last_run : line.last_run;
  writer.key("last_run");
  last_run.empty() ? writer.null() : writer.raw(last_run);
  writer.end_object();
}

std::vector<Line> lines_of(const Shown& shown) {
  std::vector<Line> lines;
  for (const jobs::JobState& job : shown.scheduler.states())
    lines.push_back({job.name, job.help, job.every_ms, job.alone, last_run_json(job)});
  for (const jobs::LeasedTask& task : shown.manager.leased_tasks()) {
    const bool is_job = std::any_of(lines.begin(), lines.end(),
                                    [&](const Line& line) { return line.name == task.name; });
    if (!is_job) lines.push_back({task.name, task.help, std::nullopt, true, ""});
  }
  return lines;
}

Result<Response> list_jobs(const Shown& shown) {
  const auto leases = TRY(shown.leases.list());
  std::string body;
  json::Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const Line& line : lines_of(shown)) {
    const LeaseState* lease = line.is_alone ? lease_of(leases, line.name) : nullptr;
    write_line(writer, line, lease, shown.manager.holds(line.name));
  }
  writer.end_array().end_object();
  return Response::ok(std::move(body));
}

}  // namespace

http::Routes routes(Shown shown) {
  return {
      {"GET", "/v1/system/nodes", "system:read",
       http::SyncHandler([shown](const Request&) { return list_nodes(shown); })},
      {"GET", "/v1/system/jobs", "system:read",
       http::SyncHandler([shown](const Request&) { return list_jobs(shown); })},
  };
}

}  // namespace florin::cluster
