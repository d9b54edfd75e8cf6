#pragma once
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/cluster.h"

namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::cluster {

/// Leases in the database. The holder renews. A node that sees no renewal for the ttl, by its own
/// steady clock, may take the lease, with the next fencing number. A holder that was paused
/// meanwhile learns it when it renews, at the latest in check(), inside the unit of work that two
/// nodes must not write. Used by one thread at a time, except check() and list(). Source:
/// docs/adr/0013-leases.md.
class Leases {
 public:
  Leases(sql::Database& database, const Clock& clock, const Clock& steady, Self self,
         std::int64_t ttl_us);

  /// Takes the lease when it is free: never taken, released, its holder without a heartbeat for its
  /// ttl or no longer registered. Nothing: it is held. Errors: store errors.
  Result<std::optional<Lease>> acquire(const std::string& name);
  /// Reads all leases once and takes the free ones of `names`. Errors: store errors.
  Result<std::vector<Lease>> acquire_free(std::span<const std::string> names);
  /// Renews inside the caller's unit of work and stores the last run. False: the lease is lost.
  Result<bool> renew(sql::Tx& tx, const Lease& lease, std::string_view last_run) const;
  /// Frees all of them at once: the next holder need not wait. One that was lost is left alone.
  Result<void> release(std::span<const Lease> leases) const;

  /// Call first in a unit of work that the holder alone may write: the lease cannot be taken before
  /// that ends. Errors: lease_lost.
  Result<void> check(sql::Tx& tx, const Lease& lease) const;
  /// All, by name.
  Result<std::vector<LeaseState>> list() const;

 private:
  struct Sighting {
    std::int64_t fencing = 0, renewals = 0;
    Timestamp since;  // Steady.
  };
  struct Seen {
    std::vector<LeaseState> leases;
    std::vector<std::string> sessions;  // Of registered nodes.
  };
  Result<Seen> read_all() const;
  bool is_free(const LeaseState& state, const Seen& seen, Timestamp seen_at);
  Result<bool> take(sql::Tx& tx, const LeaseState& state) const;
  Result<bool> make(sql::Tx& tx, const std::string& name) const;

  sql::Database& database_;
  const Clock& clock_;
  const Clock& steady_;
  const Self self_;
  const std::int64_t ttl_us_;
  std::map<std::string, Sighting> sightings_;
};

}  // namespace florin::cluster
