#include "app/application.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "app/configured_parties.h"
#include "app/docs_routes.h"
#include "app/health_routes.h"
#include "app/http_errors.h"
#include "app/migrations.h"
#include "app/reconciliation_sources.h"
#include "base/try.h"
#include "events/module.h"
#include "ledger/ledger_routes.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "reconciliation/reconciliation_routes.h"
#include "relay/module.h"
#include "webhooks/module.h"

namespace florin::app {
namespace {

std::unique_ptr<cache::RateLimiter> limiter(const Config& config, const Clock& clock,
                                            metrics::Registry& metrics) {
  if (config.redis.host.empty()) return cache::limiter_in_memory();
  return cache::limiter_over_redis(config.redis, clock, metrics);
}

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

std::string summary(std::int64_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what);
}

/// Redis as the health page shows it; nothing while limits are kept in memory.
DependencyState dependency_of(const cache::RateLimiter& limits) {
  return [&limits]() -> std::optional<Dependency> {
    cache::LimiterState state = limits.state();
    if (!state.is_remote) return std::nullopt;
    return Dependency{"redis", state.is_shared, std::move(state.detail)};
  };
}

/// Kafka as the health page shows it; nothing while it is not configured.
DependencyState dependency_of(const relay::Relay& relay) {
  return [&relay]() -> std::optional<Dependency> {
    if (!relay.is_configured()) return std::nullopt;
    relay::Health health = relay.health();
    return Dependency{"kafka", health.is_healthy, std::move(health.detail)};
  };
}

}  // namespace

Result<std::unique_ptr<sql::Database>> open_database(const Config& config, const Clock& clock) {
  if (config.database_url.empty()) {
    std::error_code fault;
    std::filesystem::create_directories(config.data_dir, fault);
    if (fault) {
      return Error{sql::errors::store_unavailable,
                   "the data folder " + config.data_dir + " cannot be made: " + fault.message()};
    }
  }
  auto database = TRY(sql::open(config.effective_database_url()));
  TRY(sql::migrate(*database, all_migrations(), clock.now()));
  return database;
}

Core::Core(sql::Database& db, const Clock& clock, const Config& config, const Secret& secret_key)
    : database(db),
      limits(limiter(config, clock, metrics)),
      vault(secret_key),
      ids(clock, config.node_id),
      access(db, clock, ids, config.rate_limit_per_second),
      events(db, ids),
      idempotency(db, clock, status_of),
      ledger(db, clock, ids, events, metrics, status_of),
      queries(db),
      webhooks({db, clock, ids, events, vault, metrics}, config.webhooks),
      relay({db, clock, ids, access, events, metrics}, config.relay),
      hub({db, clock, ids, events, ledger, idempotency, metrics, vault, *limits, status_of}),
      reconciliations(db, clock, ids, events, reconciliation_sources(config, hub),
                      reconciliation_options(config)),
      reconciliation_items(clock, events, ledger),
      reconciliation_runner(reconciliations) {}

Result<void> Core::recover() {
  TRY(ledger.recover());
  return hub.recover();
}

http::Routes Application::routes_of(Core& core, jobs::Scheduler& scheduler,
                                    sql::Database& database) {
  http::Routes all = health_routes({database,
                                    scheduler,
                                    core.metrics,
                                    {"access", "events", "ledger", "webhooks", "hub", "relay"},
                                    {dependency_of(*core.limits), dependency_of(core.relay)}});
  for (http::Routes routes :
       {docs_routes(), events::routes(core.events),
        ledger::ledger_routes(core.ledger, core.queries, core.idempotency, status_of),
        webhooks::routes(core.webhooks, core.idempotency), core.hub.routes(),
        relay::routes(core.relay, core.idempotency),
        reconciliation::reconciliation_routes(
            core.reconciliations, core.reconciliation_items, core.idempotency,
            [&runner = core.reconciliation_runner] { runner.wake(); })}) {
    for (http::Route& route : routes) all.push_back(within_tenant(std::move(route)));
  }
  return all;
}

Application::Application(sql::Database& database, const Clock& clock, const Config& config,
                         const Secret& secret_key)
    : config_(config),
      core_(database, clock, config, secret_key),
      gate_(database, clock, *core_.limits),
      scheduler_(clock),
      server_(config.http, routes_of(core_, scheduler_, database), gate_, clock, core_.metrics,
              status_of) {
  add_jobs(database, clock);
}

void Application::add_jobs(sql::Database& database, const Clock& clock) {
  scheduler_.add({"access.refresh_keys", "Takes up API keys that were made or revoked elsewhere.",
                  1'000, [this]() -> Result<std::string> {
                    TRY(gate_.refresh());
                    return std::string();
                  }});
  scheduler_.add({"ledger.expire_holds", "Ends holds whose time is over.", 500,
                  [this]() -> Result<std::string> {
                    return summary(TRY(core_.ledger.expire_holds()), "holds expired");
                  }});
  scheduler_.add({"idempotency.remove_expired", "Forgets idempotency keys past their lifetime.",
                  60'000, [&database, &clock]() -> Result<std::string> {
                    const auto removed = TRY(database.write([&](sql::Tx& tx) {
                      return idempotency::remove_expired(tx, clock.now(), 10'000);
                    }));
                    return summary(removed, "keys forgotten");
                  }});
  for (jobs::Job& job : core_.hub.jobs()) scheduler_.add(std::move(job));
  for (jobs::Job& job : core_.webhooks.jobs()) scheduler_.add(std::move(job));
  for (jobs::Job& job : core_.relay.jobs()) scheduler_.add(std::move(job));
}

Result<void> Application::start() {
  TRY(core_.recover());
  TRY(gate_.refresh());
  core_.limits->start();
  TRY(core_.webhooks.start());
  if (!config_.rgs_webhook.url.empty()) {
    const TenantId tenant = TRY(configured_tenant(core_.access, config_)).id;
    TRY(ensure_game_server_endpoint(core_, tenant, config_));
  }
  TRY(core_.relay.start());
  TRY(server_.start());
  scheduler_.start();
  core_.reconciliation_runner.start();
  return {};
}

void Application::stop() {
  server_.stop();
  scheduler_.stop();
  core_.hub.stop();
  core_.reconciliation_runner.stop();
  core_.webhooks.stop();
  core_.relay.stop();
}

}  // namespace florin::app
