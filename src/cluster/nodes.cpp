#include "cluster/nodes.h"

#include <fmt/core.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/try.h"
#include "cluster/errors.h"
#include "cluster/process_identity.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

using sql::Query;

constexpr Query node_list{"cluster.nodes",
                          "SELECT id, session, process, host, address, version, heartbeats, ttl_us,"
                          " started_at_us, heartbeat_at_us FROM nodes ORDER BY id"};
constexpr Query node_insert{
    "cluster.node_insert",
    "INSERT INTO nodes (id, session, process, host, address, version, heartbeats, ttl_us,"
    " started_at_us, heartbeat_at_us) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $8)"
    " ON CONFLICT (id) DO NOTHING"};
constexpr Query node_replace{"cluster.node_replace",
                             "UPDATE nodes SET session = $2, process = $3, host = $4, address = "
                             "$5, version = $6, heartbeats = 0,"
                             " ttl_us = $7, started_at_us = $8, heartbeat_at_us = $8"
                             " WHERE id = $1 AND session = $9 AND heartbeats = $10"};
constexpr Query node_heartbeat{"cluster.node_heartbeat",
                               "UPDATE nodes SET heartbeats = heartbeats + 1, heartbeat_at_us = $3"
                               " WHERE id = $1 AND session = $2"};
constexpr Query node_remove{"cluster.node_remove",
                            "DELETE FROM nodes WHERE id = $1 AND session = $2"};

constexpr std::chrono::milliseconds poll_interval{100};

Node node_of(const sql::Row& row) {
  Node node;
  node.self = {static_cast<int>(row.integer(0)), std::string(row.text(1)),
               std::string(row.text(2)),         std::string(row.text(3)),
               std::string(row.text(4)),         std::string(row.text(5))};
  node.heartbeats = row.integer(6);
  node.ttl_us = row.integer(7);
  node.started_at = {row.integer(8)};
  node.heartbeat_at = {row.integer(9)};
  return node;
}

Error taken(const Node& other) {
  return {errors::node_id_taken,
          fmt::format("node id {} is in use on this database by a live process on {} ({}); give "
                      "this one another number, by FLORIN_NODE_ID or node.id",
                      other.self.node, other.self.host, other.self.address)};
}

Error not_alone(const Node& other) {
  return {
      errors::one_node_only,
      fmt::format("node {} on {} ({}) works on this SQLite database, which serves one process at "
                  "a time; stop it first, or move to PostgreSQL for several",
                  other.self.node, other.self.host, other.self.address)};
}

}  // namespace

Nodes::Nodes(sql::Database& database, const Clock& clock, const Clock& steady, Self self,
             std::int64_t ttl_us)
    : database_(database),
      clock_(clock),
      steady_(steady),
      self_(std::move(self)),
      ttl_us_(ttl_us) {}

Result<bool> Nodes::try_join() {
  const bool is_new = TRY(database_.write([&](sql::Tx& tx) -> Result<bool> {
    return TRY(tx.exec(node_insert, {self_.node, self_.session, self_.process, self_.host,
                                     self_.address, self_.version, ttl_us_, clock_.now().us})) > 0;
  }));
  if (is_new) return true;
  const Timestamp seen_at = steady_.now();
  for (const Node& other : TRY(list())) {
    if (other.self.node != self_.node) continue;
    if (other.self.session == self_.session) return true;
    const auto alive = is_alive(other, seen_at);
    if (alive && *alive) return taken(other);
    return alive ? TRY(take_place_of(other)) : false;
  }
  return false;  // It left between the two looks.
}

Result<void> Nodes::join() {
  bool is_logged = false;
  while (!TRY(try_join())) {
    if (!std::exchange(is_logged, true))
      log::info("waiting to see whether the last process with this node id still lives",
                {{"node", self_.node}});
    std::this_thread::sleep_for(poll_interval);
  }
  return {};
}

Result<bool> Nodes::try_require_single_node() {
  const Timestamp seen_at = steady_.now();
  bool is_known = true;
  for (const Node& other : TRY(list())) {
    if (other.self.session == self_.session) continue;
    const auto alive = is_alive(other, seen_at);
    if (alive && *alive) {
      TRY(leave());
      return not_alone(other);
    }
    is_known = is_known && alive.has_value();
    if (alive) TRY(forget(other));
  }
  TRY(database_.write([&](sql::Tx& tx) { return heartbeat(tx); }));
  return is_known;
}

Result<void> Nodes::require_single_node() {
  while (!TRY(try_require_single_node())) std::this_thread::sleep_for(poll_interval);
  return {};
}

std::optional<bool> Nodes::is_alive(const Node& other, Timestamp seen_at) {
  if (has_ended(other.self.process)) return false;
  Sighting& sighting = sightings_[other.self.node];
  if (sighting.session != other.self.session)
    sighting = {other.self.session, other.heartbeats, seen_at};
  if (sighting.heartbeats != other.heartbeats) return true;
  if (seen_at >= sighting.since.plus_us(other.ttl_us)) return false;
  return std::nullopt;
}

Result<void> Nodes::forget(const Node& other) const {
  return database_.write([&](sql::Tx& tx) -> Result<void> {
    TRY(tx.exec(node_remove, {other.self.node, other.self.session}));
    return {};
  });
}

Result<bool> Nodes::take_place_of(const Node& other) const {
  const bool is_ours = TRY(database_.write([&](sql::Tx& tx) -> Result<bool> {
    return TRY(tx.exec(node_replace, {self_.node, self_.session, self_.process, self_.host,
                                      self_.address, self_.version, ttl_us_, clock_.now().us,
                                      other.self.session, other.heartbeats})) > 0;
  }));
  if (is_ours)
    log::info("took over the node id of a process that has ended",
              {{"node", self_.node}, {"host", other.self.host}});
  return is_ours;
}

Result<void> Nodes::heartbeat(sql::Tx& tx) const {
  const auto changed = TRY(tx.exec(node_heartbeat, {self_.node, self_.session, clock_.now().us}));
  if (changed > 0) return {};
  return Error{
      errors::node_evicted,
      fmt::format("node id {} was given to another process while this one was silent", self_.node)};
}

Result<void> Nodes::leave() const {
  Node self;
  self.self = self_;
  return forget(self);
}

Result<std::vector<Node>> Nodes::list() const { return list_nodes(database_); }

Result<std::vector<Node>> list_nodes(sql::Database& database) {
  return database.read([](sql::Tx& tx) -> Result<std::vector<Node>> {
    std::vector<Node> nodes;
    TRY(tx.query(node_list, {}, [&](const sql::Row& row) {
      nodes.push_back(node_of(row));
      return true;
    }));
    return nodes;
  });
}

}  // namespace florin::cluster
