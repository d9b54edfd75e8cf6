#include "app/application.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "access/module.h"
#include "app/certificate_watch.h"
#include "app/configured_parties.h"
#include "app/data/migrations.h"
#include "app/docs_routes.h"
#include "app/doctor/service_checks.h"
#include "app/exposure.h"
#include "app/health_routes.h"
#include "app/reconciliation_sources.h"
#include "app/version.h"
#include "base/try.h"
#include "cluster/job_note.h"
#include "cluster/module.h"
#include "cluster/process_identity.h"
#include "events/module.h"
#include "idempotency/key_store.h"
#include "ledger/ledger_routes.h"
#include "platform/crypto/random.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "reconciliation/reconciliation_routes.h"
#include "relay/module.h"
#include "webhooks/module.h"

namespace florin::app {
namespace {

/// On one node alone, whichever holds their leases.
constexpr const char* delivering = "webhooks.deliver";
constexpr const char* relaying = "relay.kafka";
constexpr const char* reconciling = "reconciliation.run";
/// What another node changed is seen after this time.
constexpr std::int64_t poll_interval_ms = 2'000;

cluster::Self self_of(const Config& config) {
  return {config.node_id,
          crypto::random_hex(16),
          cluster::process_identity(),
          cluster::host_name(),
          config.http.host + ":" + std::to_string(config.http.port),
          std::string(version)};
}

webhooks::Settings webhook_settings_for(const sql::Database& database, const Config& config) {
  webhooks::Settings settings = config.webhooks;
  settings.secret_rule = secret_rule(config);
  // SQLite is one machine's, and as a rule one node's.
  if (database.dialect() != sql::Dialect::sqlite) settings.poll_interval_ms = poll_interval_ms;
  return settings;
}

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

std::string summary(std::int64_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what);
}

/// Redis as the health page shows it, well when both limits and sessions are shared; nothing while
/// they are kept in memory.
DependencyState dependency_of(const cache::RateLimiter& limits, const cache::TtlCache& values) {
  return [&limits, &values]() -> std::optional<Dependency> {
    cache::Sharing state = limits.state();
    if (!state.is_remote) return std::nullopt;
    if (state.is_shared) state = values.state();
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

Core::Core(sql::Database& db, const Clock& clock, const Config& config, const Secret& secret_key,
           Turns turns)
    : database(db),
      limits(limiter(config, clock, metrics)),
      values(ttl_cache(config, clock, metrics)),
      vault(secret_key),
      ids(clock, config.node_id),
      access(db, clock, ids, config.rate_limit_per_second),
      sessions(*values, clock, config.sessions),
      events(db, ids),
      idempotency(db, clock),
      ledger(db, clock, ids, events, metrics),
      queries(db, clock),
      webhooks({db, clock, ids, events, vault, metrics, std::move(turns.may_deliver)},
               webhook_settings_for(db, config)),
      relay({db, clock, ids, access, events, metrics, std::move(turns.may_relay),
             std::move(turns.is_relaying)},
            config.relay),
      hub({db,
           clock,
           ids,
           events,
           ledger,
           idempotency,
           metrics,
           vault,
           *limits,
           {.guard = http_client::AddressGuard(config.hub.allowed_hosts)},
           secret_rule(config)}),
      reconciliations(db, clock, ids, events, reconciliation_sources(config, hub),
                      reconciliation_options(config)),
      reconciliation_items(clock, events, ledger),
      reconciliation_runner(reconciliations, std::move(turns.may_reconcile)) {}

Result<void> Core::recover() {
  TRY(ledger.recover());
  TRY(webhooks.recover());
  TRY(relay.recover());
  return hub.recover();
}

http::Routes Application::routes() {
  http::Routes all =
      health_routes({database_,
                     core_.metrics,
                     service_checks({core_, nodes_, leases_, scheduler_,
                                     [this](const std::string& job) { return keeper_.holds(job); },
                                     clock_, [this] { return server_.tls(); }, anchor_}),
                     [this] { return !is_leaving_; },
                     {dependency_of(*core_.limits, *core_.values), dependency_of(core_.relay)}});
  for (http::Routes routes :
       {docs_routes(), access::session_routes({core_.access, gate_, core_.sessions}),
        events::routes(core_.events),
        cluster::routes({nodes_, leases_, keeper_, scheduler_, clock_}),
        ledger::ledger_routes(core_.ledger, core_.queries, core_.idempotency),
        webhooks::routes(core_.webhooks, core_.idempotency), core_.hub.routes(),
        relay::routes(core_.relay, core_.idempotency),
        reconciliation::reconciliation_routes(core_.reconciliations, core_.reconciliation_items,
                                              core_.idempotency,
                                              [this] { core_.reconciliation_runner.wake(); })}) {
    for (http::Route& route : routes) all.push_back(within_tenant(std::move(route)));
  }
  for (http::Route& route : all) {
    if (route.permission.empty())
      route.max_body_bytes = std::min(route.max_body_bytes, max_public_body_bytes);
  }
  return all;
}

Application::Application(sql::Database& database, const Clock& host_clock, const Config& config,
                         const Secret& secret_key)
    : config_(config),
      database_(database),
      clock_(host_clock, steady_),
      nodes_(database, clock_, steady_, self_of(config), config.lease_seconds * 1'000'000),
      leases_(database, clock_, steady_, nodes_.self(), config.lease_seconds * 1'000'000),
      keeper_({database, nodes_, leases_, steady_, config.lease_seconds * 1'000'000,
               [this](const std::string& duty) { return note_of(duty); },
               [this] { on_evicted_(); }}),
      core_(database, clock_, config, secret_key, turns()),
      anchor_(database, clock_, anchor_path(config)),
      gate_(database, clock_, *core_.limits, core_.sessions),
      scheduler_(clock_, [this](const std::string& job) { return keeper_.holds(job); }),
      server_(config.http, routes(), gate_, clock_, core_.metrics) {
  add_jobs();
  add_duties();
}

Application::~Application() { stop(); }

Turns Application::turns() const {
  return {[this](sql::Tx& tx) { return keeper_.check(tx, delivering); },
          [this](sql::Tx& tx) { return keeper_.check(tx, relaying); },
          [this] { return keeper_.holds(relaying); },
          [this] { return keeper_.holds(reconciling); }};
}

void Application::add_jobs() {
  scheduler_.add({"cluster.look_at_clocks", "Compares the host's clock with the database server's.",
                  1'000, [this]() -> Result<std::string> {
                    TRY(look_at_clocks());
                    return clock_.doubt();
                  }});
  scheduler_.add({"access.refresh_keys", "Takes up API keys that were made or revoked elsewhere.",
                  1'000, [this]() -> Result<std::string> {
                    TRY(gate_.refresh());
                    return std::string();
                  }});
  scheduler_.add({"ledger.expire_holds", "Ends holds whose time is over.", 500,
                  [this]() -> Result<std::string> {
                    return summary(TRY(core_.ledger.expire_holds()), "holds expired");
                  },
                  true});
  scheduler_.add({"ledger.write_out_bulks",
                  "Writes the rows of large bulks that a node or database left unfinished.", 1'000,
                  [this]() -> Result<std::string> {
                    return summary(TRY(core_.ledger.take_over_bulks()), "bulks written out");
                  }});
  scheduler_.add({"idempotency.remove_expired", "Forgets idempotency keys past their lifetime.",
                  60'000,
                  [this]() -> Result<std::string> {
                    const auto removed = TRY(database_.write([&](sql::Tx& tx) {
                      return idempotency::remove_expired(tx, clock_.now(), 10'000);
                    }));
                    return summary(removed, "keys forgotten");
                  },
                  true});
  if (http::TlsSource* const tls = server_.tls())
    scheduler_.add(certificate_watch(*tls, clock_, core_.metrics));
  scheduler_.add({"ledger.anchor", "Writes the end of the books to the anchor file.", 1'000,
                  [this] { return anchor_.look(); }});
  for (jobs::Job& job : core_.hub.jobs()) scheduler_.add(std::move(job));
  for (jobs::Job& job : core_.webhooks.jobs()) scheduler_.add(std::move(job));
  for (jobs::Job& job : core_.relay.jobs()) scheduler_.add(std::move(job));
}

void Application::add_duties() {
  for (const jobs::JobState& job : scheduler_.states()) {
    if (job.alone) keeper_.add({job.name, job.help});
  }
  keeper_.add({delivering, "Makes deliveries of events and sends them.",
               [this] { return core_.webhooks.begin(); }, [this] { core_.webhooks.end(); }});
  if (core_.relay.is_configured())
    keeper_.add({relaying, "Carries events to Kafka, and those of others in.",
                 [this] { return core_.relay.start(); }, [this] { core_.relay.stop(); }});
  keeper_.add({reconciling, "Works on queued reconciliations.", [this]() -> Result<void> {
                 core_.reconciliation_runner.wake();
                 return {};
               }});
}

std::string Application::note_of(const std::string& duty) const {
  for (const jobs::JobState& job : scheduler_.states()) {
    if (job.name == duty) return cluster::note_of(job);
  }
  return {};
}

Result<void> Application::join(std::function<void()> on_evicted) {
  on_evicted_ = std::move(on_evicted);
  TRY(look_at_clocks());
  TRY(nodes_.join());
  // Histories on SQLite lean on ids that grow from commit to commit: those of one process do.
  if (database_.dialect() == sql::Dialect::sqlite) TRY(nodes_.be_alone());
  return {};
}

Result<void> Application::look_at_clocks() {
  clock_.look(TRY(cluster::database_time(database_, steady_)));
  return {};
}

Result<void> Application::start() {
  TRY(core_.recover());
  TRY(gate_.refresh());
  core_.limits->start();
  core_.values->start();
  if (!config_.rgs_webhook.url.empty()) {
    const TenantId tenant = TRY(configured_tenant(core_.access, config_)).id;
    TRY(without_key(ensure_game_server_endpoint(core_, tenant, config_), "WEBHOOK_SECRET"));
  }
  TRY(keeper_.start());
  TRY(server_.start());
  scheduler_.start();
  core_.reconciliation_runner.start();
  return {};
}

void Application::reload_certificate() {
  if (http::TlsSource* const tls = server_.tls()) app::reload_certificate(*tls, clock_);
}

void Application::begin_to_leave() {
  if (is_leaving_.exchange(true)) return;
  server_.announce_shutdown();
  scheduler_.stop();
  core_.reconciliation_runner.stop();
  keeper_.give_up_duties();
}

void Application::stop() {
  is_leaving_ = true;
  server_.stop();
  scheduler_.stop();
  core_.hub.stop();
  core_.reconciliation_runner.stop();
  keeper_.stop();
  if (const auto last = anchor_.look(); !last)
    log::warn("the anchor could not be written", {{"reason", last.error().detail}});
}

}  // namespace florin::app
