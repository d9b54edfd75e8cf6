#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "platform/jobs/leased_task.h"
#include "platform/jobs/worker_thread.h"

namespace florin::cluster {

/// Registers this process, sends its heartbeats, renews the leases that it holds, takes free ones,
/// and begins and ends their tasks. A lease counts as held only while its last renewal is younger
/// than its ttl by the steady clock; writes under it call check() in addition. Safe for concurrent
/// use.
class LeaseManager {
 public:
  struct Parts {
    sql::Database& database;
    Nodes& nodes;
    Leases& leases;
    const Clock& steady;
    std::int64_t ttl_us = 10'000'000;
    std::function<std::string(const std::string& task)> last_run_of;  ///< JSON, or empty.
    std::function<void()> on_evicted;  ///< Another process has our node id: this one must end.
  };
  explicit LeaseManager(Parts parts);
  ~LeaseManager();  ///< As stop().

  void add(jobs::LeasedTask task);  ///< Before start().
  /// Joins, takes free leases and continues on a thread of its own. Waits for the ttl at most when
  /// the node id belonged to a process that may live. Errors: node_id_taken; store errors.
  Result<void> start();
  /// One step on the caller's thread, instead of start() (tests). Returns the microseconds until
  /// the next.
  std::int64_t tick();

  bool holds(const std::string& task) const;
  /// Call in a unit of work that the holder alone may write. Errors: lease_lost.
  Result<void> check(sql::Tx& tx, const std::string& task) const;
  /// Ends all tasks and releases their leases; takes none afterwards. Heartbeats continue: the node
  /// still answers requests.
  void release_all();
  /// release_all(), then leaves. Safe to call twice.
  void stop();
  const std::vector<jobs::LeasedTask>& leased_tasks() const { return tasks_; }

 private:
  struct Held {
    Lease lease;
    Timestamp valid_until;  // Steady.
  };
  Result<void> heartbeat();
  Result<void> take_free();
  void begin_and_end_tasks();
  std::optional<Lease> held(const std::string& task) const;

  Parts parts_;
  std::vector<jobs::LeasedTask> tasks_;  // Fixed once started.
  std::mutex ticks_;                     // Held for a whole tick; guards the next three.
  std::set<std::string> begun_;
  Timestamp next_heartbeat_;  // Steady.
  bool is_leaving_ = false;
  mutable std::mutex mutex_;  // Guards what follows.
  std::map<std::string, Held> held_;
  bool has_joined_ = false;
  jobs::WorkerThread worker_;
};

}  // namespace florin::cluster
