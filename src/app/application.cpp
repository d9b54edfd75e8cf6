#include "app/application.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "access/key_authenticator.h"
#include "app/certificate_watch.h"
#include "app/docs_routes.h"
#include "app/doctor/service_checks.h"
#include "app/health_routes.h"
#include "app/version.h"
#include "base/try.h"
#include "cluster/last_run.h"
#include "cluster/module.h"
#include "cluster/process_identity.h"
#include "platform/crypto/random.h"
#include "platform/sql/database.h"

namespace florin::app {
namespace {

cluster::Self self_of(const Config& config) {
  return {config.node_id,
          crypto::random_hex(16),
          cluster::process_identity(),
          cluster::host_name(),
          config.http.host + ":" + std::to_string(config.http.port),
          std::string(version)};
}

/// Anyone can send a body to a route that asks for no key.
constexpr std::size_t max_public_body_bytes = 64 << 10;

/// What a request asks of the database is held to the caller's tenant by the database, too. Hot
/// routes are not: their commands are decided in batches of all tenants.
http::Route within_tenant(http::Route route) {
  auto* const handler = std::get_if<http::SyncHandler>(&route.handler);
  if (!handler) return route;
  *handler = [inner = std::move(*handler)](const http::Request& request) {
    const sql::TenantScope scope(request.caller.tenant.value);
    return inner(request);
  };
  return route;
}

}  // namespace

http::Routes Application::routes() {
  const auto document = std::make_shared<std::string>();
  http::Routes all = health_routes(
      {database_, core_.get<metrics::Registry>(),
       service_checks({core_, database_, leases_, scheduler_,
                       [this](const std::string& job) { return lease_manager_.holds(job); }, clock_,
                       [this] { return server_.tls(); }}),
       [this] { return !is_leaving_; }, [this] { return core_.dependencies(); }});
  http::Routes of_tenants = docs_routes(document);
  for (const NamedPart& each : core_.parts()) {
    http::Routes routes = each.part->routes();
    std::move(routes.begin(), routes.end(), std::back_inserter(of_tenants));
  }
  for (http::Route& route : of_tenants) all.push_back(within_tenant(std::move(route)));
  for (http::Route& route : all) {
    if (route.permission.empty())
      route.max_body_bytes = std::min(route.max_body_bytes, max_public_body_bytes);
  }
  *document = json::serialize(api_document(all).content);
  return all;
}

Application::Application(sql::Database& database, const Clock& host_clock, const Config& config,
                         const Secret& secret_key)
    : config_(config),
      database_(database),
      clock_(host_clock, steady_),
      nodes_(database, clock_, steady_, self_of(config), config.lease_seconds * 1'000'000),
      leases_(database, clock_, steady_, nodes_.self(), config.lease_seconds * 1'000'000),
      lease_manager_({database, nodes_, leases_, steady_, config.lease_seconds * 1'000'000,
                      [this](const std::string& job) { return last_run_of(job); },
                      [this] { on_evicted_(); }}),
      held_leases_{
          [this](const std::string& task) { return lease_manager_.holds(task); },
          [this](sql::Tx& tx, const std::string& task) { return lease_manager_.check(tx, task); }},
      scheduler_(clock_, held_leases_.holds),
      core_(database, clock_, config, secret_key, place_among_nodes()),
      server_(config.http, routes(), core_.get<access::KeyAuthenticator>(), clock_,
              core_.get<metrics::Registry>()) {
  add_jobs();
  add_leased_tasks();
}

Application::~Application() { stop(); }

modules::Services Application::place_among_nodes() {
  modules::Services services;
  services.provide(held_leases_);
  services.provide(clock_);
  services.provide(nodes_);
  services.provide(leases_);
  services.provide(lease_manager_);
  services.provide(std::as_const(scheduler_));
  return services;
}

void Application::add_jobs() {
  if (http::TlsSource* const tls = server_.tls())
    scheduler_.add(certificate_watch(*tls, clock_, core_.get<metrics::Registry>()));
  for (const NamedPart& each : core_.parts()) {
    for (jobs::Job& job : each.part->jobs()) scheduler_.add(std::move(job));
  }
}

void Application::add_leased_tasks() {
  for (const jobs::JobState& job : scheduler_.states()) {
    if (job.alone) lease_manager_.add({job.name, job.help});
  }
  for (const NamedPart& each : core_.parts()) {
    for (jobs::LeasedTask& task : each.part->leased_tasks()) lease_manager_.add(std::move(task));
  }
}

std::string Application::last_run_of(const std::string& wanted) const {
  for (const jobs::JobState& job : scheduler_.states()) {
    if (job.name == wanted) return cluster::last_run_json(job);
  }
  return {};
}

Result<void> Application::join(std::function<void()> on_evicted) {
  on_evicted_ = std::move(on_evicted);
  TRY(cluster::compare_clocks(clock_, database_, steady_));
  TRY(nodes_.join());
  // Histories on SQLite rely on ids that grow from commit to commit: those of one process do.
  if (database_.dialect() == sql::Dialect::sqlite) TRY(nodes_.require_single_node());
  return {};
}

Result<void> Application::prepare() {
  TRY(core_.recover());
  for (const NamedPart& each : core_.parts()) TRY(each.part->apply_settings());
  return {};
}

Result<void> Application::start() {
  core_.start();
  TRY(lease_manager_.start());
  for (const NamedPart& each : core_.parts()) TRY(each.part->start());
  TRY(server_.start());
  scheduler_.start();
  return {};
}

void Application::reload_certificate() {
  if (http::TlsSource* const tls = server_.tls()) app::reload_certificate(*tls, clock_);
}

void Application::begin_to_leave() {
  if (is_leaving_.exchange(true)) return;
  server_.announce_shutdown();
  scheduler_.stop();
  const auto& parts = core_.parts();
  for (auto each = parts.rbegin(); each != parts.rend(); ++each) each->part->begin_to_leave();
  lease_manager_.release_all();
}

void Application::stop() {
  begin_to_leave();
  server_.stop();
  const auto& parts = core_.parts();
  for (auto each = parts.rbegin(); each != parts.rend(); ++each) each->part->stop();
  lease_manager_.stop();
}

}  // namespace florin::app
