#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/timestamp.h"

namespace florin::cluster {

/// One process, as it presents itself to the others.
struct Self {
  int node = 0;         ///< node.id: 0 to 1023, its own among those on one database.
  std::string session;  ///< Random; tells this process from an earlier one with the same id.
  std::string process;  ///< process_identity()
  std::string host, address, version;
};

/// The node id of a command that makes ids while the server of `server_node` may do so, too: two
/// processes with one node id would make the same ids. Each is the other's.
constexpr int command_node(int server_node) {
  constexpr int half_of_all = 512;
  return server_node ^ half_of_all;
}

/// A process that works on the database, or did.
struct Node {
  Self self;
  std::int64_t heartbeats = 0, ttl_us = 0;
  Timestamp started_at, heartbeat_at;  ///< By its own clock.

  /// Whether its last heartbeat is recent, as far as the two clocks agree. For people: takeovers
  /// are decided by counting heartbeats, never by comparing clocks.
  bool is_live(Timestamp now) const { return now < heartbeat_at.plus_us(ttl_us); }
};

/// The right to run a task that one node alone may run. The next holder gets a greater number.
struct Lease {
  std::string name;  ///< "webhooks.deliver"
  std::int64_t fencing = 0;
};

/// A lease as the database knows it.
struct LeaseState {
  Lease lease;
  std::optional<int> holder;  ///< Node id; none: free.
  std::string session;
  std::int64_t renewals = 0, ttl_us = 0;
  Timestamp acquired_at, expires_at;  ///< By the holder's clock, for people.
  std::string last_run;               ///< JSON: the holder's last run of the job; empty: none.
};

}  // namespace florin::cluster
