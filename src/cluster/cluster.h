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

/// A process that works on the database, or did.
struct Node {
  Self self;
  std::int64_t beats = 0, ttl_us = 0;
  Timestamp started_at, beat_at;  ///< By its own clock.

  /// Whether it has been heard of lately, as far as the two clocks agree. For people: who may take
  /// over is decided by counting beats, never by comparing clocks.
  bool is_live(Timestamp now) const { return now < beat_at.plus_us(ttl_us); }
};

/// The right to do work that one node alone may do. Whoever gets it next gets a greater number.
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
  std::string note;                   ///< JSON of the holder about its work, or empty.
};

}  // namespace florin::cluster
