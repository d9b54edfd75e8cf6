#include "app/health_routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "app/version.h"
#include "platform/http/errors.h"
#include "platform/json/writer.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace florin::app {
namespace {

using http::Request;
using http::Response;
using modules::Health;
using modules::HealthLevel;

void set_gauge(metrics::Registry& metrics, std::string_view name, std::string_view help,
               std::uint64_t value) {
  metrics.gauge(name, help).set(static_cast<double>(value));
}

/// The database counts for itself; its figures are copied when somebody looks.
void copy_database_figures(const HealthSources& sources) {
  const sql::WriteStats stats = sources.database.write_stats();
  metrics::Registry& metrics = sources.metrics;
  set_gauge(metrics, "florin_sql_commits_total", "Transactions that became durable.",
            stats.commits);
  set_gauge(metrics, "florin_sql_units_total", "Units of work done, refused ones too.",
            stats.units);
  set_gauge(metrics, "florin_sql_failed_units_total", "Units of work undone with an error.",
            stats.failed_units);
  set_gauge(metrics, "florin_sql_commit_microseconds_total", "Time spent in commits.",
            stats.commit_us);
  set_gauge(metrics, "florin_sql_busy_microseconds_total", "Time the writer was at work.",
            stats.busy_us);
  set_gauge(metrics, "florin_sql_waiting_units", "Units of work that wait now.",
            stats.queue_length);
  set_gauge(metrics, "florin_sql_wal_bytes", "Write-ahead log in use.", stats.wal_bytes);
  set_gauge(metrics, "florin_sql_failed_checkpoints_total", "Checkpoints that failed.",
            stats.failed_checkpoints);
  set_gauge(metrics, "florin_sql_failed_batches_total", "Transactions that were not taken.",
            stats.failed_batches);
  set_gauge(metrics, "florin_sql_damaged_pages",
            "Pages of the database that did not match their checksum.", stats.damaged_pages.size());
  set_gauge(metrics, "florin_sql_write_failing", "1 while the database does not take writes.",
            stats.write_fault.empty() ? 0 : 1);
}

Response metrics_response(const HealthSources& sources) {
  copy_database_figures(sources);
  return {200, sources.metrics.expose(), "text/plain; version=0.0.4; charset=utf-8"};
}

Response status_response(bool up) {
  return {up ? 200 : 503, up ? R"({"status":"UP"})" : R"({"status":"DOWN"})"};
}

void write_service(json::Writer& writer, std::string_view name, std::string_view status,
                   std::string_view detail) {
  writer.begin_object().member("name", name).member("status", status);
  if (!detail.empty()) writer.member("detail", detail);
  writer.end_object();
}

/// Requests wait for commits: people notice from here on.
constexpr std::uint64_t slow_commit_us = 100'000;

Health look_at_database(const HealthSources& sources) {
  if (const auto answer = sources.database.ping(); !answer)
    return {HealthLevel::down, answer.error().detail};
  const sql::WriteStats stats = sources.database.write_stats();
  if (!stats.write_fault.empty())
    return {HealthLevel::degraded, "writes fail: " + stats.write_fault};
  if (!stats.damaged_pages.empty()) {
    return {HealthLevel::degraded,
            fmt::format("{} pages of the file do not match their checksums, the first is page {}: "
                        "what needs them is refused; see docs/runbook.md",
                        stats.damaged_pages.size(), stats.damaged_pages.front())};
  }
  const std::uint64_t commit_us = stats.last_commit_us;
  if (commit_us < slow_commit_us) return {};
  return {HealthLevel::degraded,
          fmt::format("the latest commit took {} ms: check the disk that it is written to",
                      commit_us / 1'000)};
}

/// A module cannot be better than its database.
Response services_response(const HealthSources& sources) {
  const Health database = look_at_database(sources);
  const bool is_down = database.level == HealthLevel::down;
  HealthLevel worst = database.level;
  std::string services;
  json::Writer writer(services);
  writer.begin_array();
  write_service(writer, "database", to_string(worst), database.reason);
  for (const ServiceCheck& service : sources.services) {
    const Health found =
        is_down ? Health{HealthLevel::down, "the database is unavailable"} : service.look();
    worst = std::max(worst, found.level);
    write_service(writer, service.name, to_string(found.level), found.reason);
  }
  for (const modules::Dependency& dependency : sources.dependencies()) {
    const auto level = dependency.is_healthy ? HealthLevel::healthy : HealthLevel::degraded;
    worst = std::max(worst, level);
    write_service(writer, dependency.name, to_string(level), dependency.detail);
  }
  writer.end_array();

  std::string body;
  json::Writer(body)
      .begin_object()
      .member("status", to_string(worst))
      .member("version", version)
      .member_raw("services", services)
      .end_object();
  return {is_down ? 503 : 200, std::move(body)};
}

Result<Response> actuator_response(const HealthSources& sources, const Request& request) {
  const std::string_view service = request.path_param("service");
  const auto& known = sources.services;
  if (std::none_of(known.begin(), known.end(),
                   [&](const ServiceCheck& each) { return each.name == service; })) {
    return Error{http::errors::route_not_found, "there is no service of this name"};
  }
  return status_response(sources.database.ping().has_value());
}

}  // namespace

http::Routes health_routes(HealthSources given) {
  const auto sources = std::make_shared<const HealthSources>(std::move(given));
  // What a prober adds to get past a cache must not take the server out of its rotation.
  const auto sync = [](auto handle) { return http::SyncHandler(std::move(handle)); };
  return {
      {"GET", "/health", "", http::HotHandler([](const Request&, const http::Responder& responder) {
         responder.send(status_response(true));  // Also while every worker is busy.
       }),
       http::any_query},
      {"GET", "/health/ready", "", sync([sources](const Request&) -> Result<Response> {
         return status_response(sources->takes_requests() && sources->database.ping().has_value());
       }),
       http::any_query},
      {"GET", "/health/services", "",
       sync([sources](const Request&) -> Result<Response> { return services_response(*sources); }),
       http::any_query},
      {"GET", "/{service}/actuator/health", "",
       sync([sources](const Request& request) { return actuator_response(*sources, request); }),
       http::any_query},
      {"GET", "/metrics", "",
       sync([sources](const Request&) -> Result<Response> { return metrics_response(*sources); }),
       http::any_query},
  };
}

}  // namespace florin::app
