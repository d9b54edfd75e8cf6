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
#include "platform/jobs/duty.h"
#include "platform/jobs/worker_thread.h"

namespace florin::cluster {

/// Keeps this process a member: registers it, lets it beat, renews what it holds, takes what is
/// free, and begins and ends duties. A lease counts as held only while its last renewal is younger
/// than its ttl by the steady clock; what writes under it asks check() all the same. Safe for
/// concurrent use.
class Keeper {
 public:
  struct Parts {
    sql::Database& database;
    Nodes& nodes;
    Leases& leases;
    const Clock& steady;
    std::int64_t ttl_us = 10'000'000;
    std::function<std::string(const std::string& duty)> note_of;  ///< JSON for others, or empty.
    std::function<void()> on_evicted;  ///< Another process has our node id: this one must end.
  };
  explicit Keeper(Parts parts);
  ~Keeper();  ///< As stop().

  void add(jobs::Duty duty);  ///< Before start().
  /// Joins, takes what is free and goes on by itself. Waits for the ttl at most when the node id
  /// belonged to a process that may live. Errors: node_id_taken; store errors.
  Result<void> start();
  /// One turn on the caller's thread, instead of start() (tests): gives the time to the next.
  std::int64_t turn();

  bool holds(const std::string& duty) const;
  /// To be called in a unit of work that the holder alone may write. Errors: lease_lost.
  Result<void> check(sql::Tx& tx, const std::string& duty) const;
  /// Ends all duties and gives their leases to others; takes none from here on. The node goes on
  /// beating: it still answers requests.
  void give_up_duties();
  /// give_up_duties(), then leaves. Safe to call twice.
  void stop();
  const std::vector<jobs::Duty>& duties() const { return duties_; }

 private:
  struct Held {
    Lease lease;
    Timestamp valid_until;  // Steady.
  };
  Result<void> beat();
  Result<void> take_free();
  void begin_and_end();
  std::optional<Lease> held(const std::string& duty) const;

  Parts parts_;
  std::vector<jobs::Duty> duties_;  // Fixed once started.
  std::mutex turns_;                // Held for a whole turn, and guards the next three.
  std::set<std::string> begun_;
  Timestamp next_beat_;  // Steady.
  bool is_giving_up_ = false;
  mutable std::mutex mutex_;  // Guards what follows.
  std::map<std::string, Held> held_;
  bool has_joined_ = false;
  jobs::WorkerThread worker_;
};

}  // namespace florin::cluster
