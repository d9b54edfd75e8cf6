#pragma once
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/cluster.h"

namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::cluster {

/// All that are registered, by id. Errors: store errors.
Result<std::vector<Node>> list_nodes(sql::Database& database);

/// The processes that work on this database. A node id belongs to one live process: ids of rows are
/// made with it. A process is dead when its count of heartbeats has not changed for its ttl, by the
/// observer's steady clock; wall clocks do not matter. Used by one thread at a time, except list().
class Nodes {
 public:
  /// `steady` never steps back and counts while the machine sleeps.
  Nodes(sql::Database& database, const Clock& clock, const Clock& steady, Self self,
        std::int64_t ttl_us);

  /// Registers this process under its node id. False: another process is registered and it is not
  /// known yet whether it lives; ask again soon, for its ttl at most.
  /// Errors: node_id_taken (it lives); store errors.
  Result<bool> try_join();
  /// Repeats try_join() until it is known; sleeps in between.
  Result<void> join();
  /// After join(), where the database serves one node at a time: removes dead nodes, and writes a
  /// heartbeat. False: it is not known yet whether another lives; ask again soon.
  /// Errors: one_node_only (another lives; this one has left again); store errors.
  Result<bool> try_require_single_node();
  /// Repeats try_require_single_node() until it is known.
  Result<void> require_single_node();
  /// Inside the caller's unit of work. Errors: node_evicted.
  Result<void> heartbeat(sql::Tx& tx) const;
  /// Frees the node id at once.
  Result<void> leave() const;
  /// All that are registered, by id. Safe for concurrent use.
  Result<std::vector<Node>> list() const;
  const Self& self() const { return self_; }

 private:
  struct Sighting {
    std::string session;
    std::int64_t heartbeats = 0;
    Timestamp since;  // Steady.
  };
  /// Whether the other is seen to live, or to be dead; nothing: not known yet.
  std::optional<bool> is_alive(const Node& other, Timestamp seen_at);
  Result<void> forget(const Node& other) const;
  Result<bool> take_place_of(const Node& other) const;

  sql::Database& database_;
  const Clock& clock_;
  const Clock& steady_;
  const Self self_;
  const std::int64_t ttl_us_;
  std::map<int, Sighting> sightings_;  // Of processes that may have to end first, by node.
};

}  // namespace florin::cluster
