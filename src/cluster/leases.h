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

/// Leases in the database. A holder renews; whoever sees that a lease was not renewed for its ttl,
/// by his own steady clock, may take it, with the next fencing number. A holder that slept through
/// this finds it out when it renews, and at the latest in check(), inside the unit of work that
/// must not be written by two. Used by one thread at a time, but for check() and list().
/// Source: docs/adr/0013-leases.md.
class Leases {
 public:
  Leases(sql::Database& database, const Clock& clock, const Clock& steady, Self self,
         std::int64_t ttl_us);

  /// Takes the lease when nobody has it: never taken, released, its holder silent for its ttl or no
  /// longer registered. Nothing: somebody has it. Errors: store errors.
  Result<std::optional<Lease>> acquire(const std::string& name);
  /// Looks at all leases once and takes what it can of `names`. Errors: store errors.
  Result<std::vector<Lease>> acquire_free(std::span<const std::string> names);
  /// Renews inside the caller's unit of work and leaves a note (JSON, or empty). False: it is lost.
  Result<bool> renew(sql::Tx& tx, const Lease& lease, std::string_view note) const;
  /// Gives all of them back at once: the next holder need not wait. Nothing happens to one that is
  /// lost already.
  Result<void> release(std::span<const Lease> leases) const;

  /// To be called first in a unit of work that one holder alone may write: nobody takes the lease
  /// before it has ended. Errors: lease_lost.
  Result<void> check(sql::Tx& tx, const Lease& lease) const;
  /// All there are, by name.
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
  Result<Seen> look() const;
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
