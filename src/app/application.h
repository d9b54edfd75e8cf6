#pragma once
#include <atomic>
#include <memory>

#include "access/access.h"
#include "access/key_gate.h"
#include "access/sessions.h"
#include "app/config.h"
#include "app/data/anchor_file.h"
#include "base/clock.h"
#include "base/id_generator.h"
#include "cluster/agreed_clock.h"
#include "cluster/keeper.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "events/events.h"
#include "hub/module.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_service.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"
#include "platform/crypto/vault.h"
#include "platform/http/server.h"
#include "platform/jobs/scheduler.h"
#include "platform/metrics/metrics.h"
#include "reconciliation/items.h"
#include "reconciliation/runner.h"
#include "reconciliation/runs.h"
#include "relay/relay.h"
#include "webhooks/webhooks.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// How parts that work on one node alone learn that this is the one. By default there is no other.
struct Turns {
  webhooks::Fence may_deliver = [](sql::Tx&) { return Result<void>(); };
  relay::Fence may_relay = [](sql::Tx&) { return Result<void>(); };
  relay::IsOurTurn is_relaying = [] { return true; };
  std::function<bool()> may_reconcile = [] { return true; };
};

/// The parts of the program that work over one database, wired in dependency order.
struct Core {
  /// `secret_key` is what load_secret_key() gives.
  Core(sql::Database& db, const Clock& clock, const Config& config, const Secret& secret_key,
       Turns turns = {});

  sql::Database& database;
  metrics::Registry metrics;
  std::unique_ptr<cache::RateLimiter> limits;  ///< Started by the server alone.
  std::unique_ptr<cache::TtlCache> values;     ///< Started by the server alone.
  crypto::Vault vault;
  IdGenerator ids;
  access::Access access;
  access::Sessions sessions;
  events::EventLog events;
  idempotency::Idempotency idempotency;
  ledger::LedgerService ledger;
  ledger::LedgerQueries queries;
  webhooks::Webhooks webhooks;
  relay::Relay relay;
  hub::Hub hub;
  reconciliation::Runs reconciliations;
  reconciliation::Items reconciliation_items;
  reconciliation::Runner reconciliation_runner;  ///< Started by the server alone.

  /// Call once before the first command: ids and times go on after the newest that are stored.
  Result<void> recover();
};

/// The server: its place among the nodes, core, gate, jobs and HTTP.
class Application {
 public:
  Application(sql::Database& database, const Clock& host_clock, const Config& config,
              const Secret& secret_key);
  ~Application();  ///< As stop().

  /// Takes the node id, before anything is written with it. `on_evicted` is called when another
  /// process was given it: this one must end. Errors: node_id_taken,
  /// one_node_only (SQLite); store errors.
  Result<void> join(std::function<void()> on_evicted);
  /// Recovers and starts everything. Errors: cannot_listen, node_id_taken, store errors.
  Result<void> start();
  int port() const { return server_.port(); }
  /// Reads the certificate's files again, whatever their times; nothing without TLS.
  void reload_certificate();
  /// First step of a stop: background work ends and others take it over at once, /health/ready
  /// turns 503, requests are still answered. Safe to call twice.
  void begin_to_leave();
  /// begin_to_leave(), then stops accepting, finishes what runs, and leaves.
  void stop();
  Core& core() { return core_; }
  jobs::Scheduler& scheduler() { return scheduler_; }
  http::Routes routes();

 private:
  void add_jobs();
  Result<void> look_at_clocks();
  void add_duties();
  Turns turns() const;
  std::string note_of(const std::string& duty) const;

  const Config config_;
  sql::Database& database_;
  const BootClock steady_;
  cluster::AgreedClock clock_;
  std::atomic<bool> is_leaving_{false};
  std::function<void()> on_evicted_ = [] {};
  cluster::Nodes nodes_;
  cluster::Leases leases_;
  cluster::Keeper keeper_;
  Core core_;
  AnchorKeeper anchor_;
  access::KeyGate gate_;
  jobs::Scheduler scheduler_;
  http::Server server_;
};

}  // namespace florin::app
