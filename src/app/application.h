#pragma once
#include <memory>

#include "access/access.h"
#include "access/key_gate.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/id_generator.h"
#include "cluster/keeper.h"
#include "events/events.h"
#include "hub/module.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "platform/crypto/vault.h"
#include "platform/http/server.h"
#include "platform/jobs/scheduler.h"
#include "platform/metrics/metrics.h"
#include "reconciliation/items.h"
#include "reconciliation/runner.h"
#include "reconciliation/runs.h"
#include "webhooks/webhooks.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// Opens the configured database, creating the data folder where needed, and brings its schema up
/// to date. Errors: those of opening and of migrations.
Result<std::unique_ptr<sql::Database>> open_database(const Config& config, const Clock& clock);

/// The parts of the program that work over one database, wired in dependency order.
struct Core {
  /// `secret_key` is what load_secret_key() gives.
  Core(sql::Database& db, const Clock& clock, const Config& config, const Secret& secret_key);

  metrics::Registry metrics;
  crypto::Vault vault;
  IdGenerator ids;
  access::Access access;
  events::EventLog events;
  idempotency::Idempotency idempotency;
  ledger::LedgerService ledger;
  ledger::LedgerQueries queries;
  webhooks::Webhooks webhooks;
  hub::Hub hub;
  reconciliation::Runs reconciliations;
  reconciliation::Items reconciliation_items;
  reconciliation::Runner reconciliation_runner;  ///< Started by the server alone.

  /// Call once before the first command: ids and times go on after the newest that are stored.
  Result<void> recover();
};

/// The server: core, gate, jobs and HTTP.
class Application {
 public:
  Application(sql::Database& database, const Clock& clock, const Config& config,
              const Secret& secret_key);

  /// Recovers and starts everything. Errors: cannot_listen, store errors.
  Result<void> start();
  int port() const { return server_.port(); }
  /// Stops accepting, finishes what runs, stops the jobs.
  void stop();
  Core& core() { return core_; }
  jobs::Scheduler& scheduler() { return scheduler_; }
  /// Method and pattern of every route, for the test that compares them with the OpenAPI document.
  static http::Routes routes_of(Core& core, jobs::Scheduler& scheduler, sql::Database& database);

 private:
  void add_jobs(sql::Database& database, const Clock& clock);
  /// The game server's endpoint, where the configuration names one.
  Result<void> ensure_webhooks();

  const Config config_;
  Core core_;
  access::KeyGate gate_;
  jobs::Scheduler scheduler_;
  http::Server server_;
};

}  // namespace florin::app
