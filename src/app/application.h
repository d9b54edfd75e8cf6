#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "app/config.h"
#include "app/core.h"
#include "base/clock.h"
#include "cluster/agreed_clock.h"
#include "cluster/lease_manager.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "platform/http/server.h"
#include "platform/jobs/scheduler.h"

namespace florin::app {

/// The server: its place among the nodes, the modules, their jobs and leased tasks, and HTTP.
class Application {
 public:
  Application(sql::Database& database, const Clock& host_clock, const Config& config,
              const Secret& secret_key);
  ~Application();  ///< As stop().

  /// Takes the node id, before anything is written with it. `on_evicted` is called when another
  /// process was given it: this one must end. Errors: node_id_taken,
  /// one_node_only (SQLite); store errors.
  Result<void> join(std::function<void()> on_evicted);
  /// Recovers the modules, and brings into the database what the settings ask for. Errors: store
  /// errors; those of the settings.
  Result<void> prepare();
  /// After prepare(). Errors: cannot_listen, node_id_taken, store errors.
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
  void add_leased_tasks();
  modules::Services place_among_nodes();
  std::string last_run_of(const std::string& job) const;

  const Config config_;
  sql::Database& database_;
  const BootClock steady_;
  cluster::AgreedClock clock_;
  std::atomic<bool> is_leaving_{false};
  std::function<void()> on_evicted_ = [] {};
  cluster::Nodes nodes_;
  cluster::Leases leases_;
  cluster::LeaseManager lease_manager_;
  const jobs::HeldLeases held_leases_;
  jobs::Scheduler scheduler_;
  Core core_;
  http::Server server_;
};

}  // namespace florin::app
