#include "cluster/leases.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "cluster/errors.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query lease_list{
    "cluster.leases",
    "SELECT name, fencing, holder, session, renewals, ttl_us, acquired_at_us,"
    " expires_at_us, last_run FROM node_leases ORDER BY name"};
constexpr Query session_list{"cluster.sessions", "SELECT session FROM nodes"};
constexpr Query lease_insert{
    "cluster.lease_insert",
    "INSERT INTO node_leases (name, holder, session, fencing, renewals, ttl_us, acquired_at_us,"
    " expires_at_us, last_run) VALUES ($1, $2, $3, 1, 0, $4, $5, $6, '') ON CONFLICT (name) DO "
    "NOTHING"};
constexpr Query lease_take{
    "cluster.lease_take",
    "UPDATE node_leases SET holder = $2, session = $3, fencing = fencing + 1, renewals = 0,"
    " ttl_us = $4, acquired_at_us = $5, expires_at_us = $6"
    " WHERE name = $1 AND fencing = $7 AND renewals = $8"};
constexpr Query lease_renew{
    "cluster.lease_renew",
    "UPDATE node_leases SET renewals = renewals + 1, expires_at_us = $4, last_run = $5"
    " WHERE name = $1 AND fencing = $2 AND session = $3"};
constexpr Query lease_release{"cluster.lease_release",
                              "UPDATE node_leases SET holder = NULL, session = '',"
                              " renewals = renewals + 1"
                              " WHERE name = $1 AND fencing = $2 AND session = $3"};

// SQLite writes one unit of work after the other; PostgreSQL needs the lock, so that a taker waits.
constexpr Query lease_check{"cluster.lease_check",
                            "SELECT 1 FROM node_leases"
                            " WHERE name = $1 AND fencing = $2 AND session = $3"};
constexpr Query lease_check_locking{"cluster.lease_check_locking",
                                    "SELECT 1 FROM node_leases"
                                    " WHERE name = $1 AND fencing = $2 AND session = $3 FOR SHARE"};

LeaseState state_of(const Row& row) {
  LeaseState state;
  state.lease = {std::string(row.text(0)), row.integer(1)};
  if (!row.is_null(2)) state.holder = static_cast<int>(row.integer(2));
  state.session = row.text(3);
  state.renewals = row.integer(4);
  state.ttl_us = row.integer(5);
  state.acquired_at = {row.integer(6)};
  state.expires_at = {row.integer(7)};
  state.last_run = row.text(8);
  return state;
}

Result<std::vector<LeaseState>> read_leases(Tx& tx) {
  std::vector<LeaseState> leases;
  TRY(tx.query(lease_list, {}, [&](const Row& row) {
    leases.push_back(state_of(row));
    return true;
  }));
  return leases;
}

}  // namespace

Leases::Leases(sql::Database& database, const Clock& clock, const Clock& steady, Self self,
               std::int64_t ttl_us)
    : database_(database),
      clock_(clock),
      steady_(steady),
      self_(std::move(self)),
      ttl_us_(ttl_us) {}

Result<std::optional<Lease>> Leases::acquire(const std::string& name) {
  auto taken = TRY(acquire_free(std::span(&name, 1)));
  if (taken.empty()) return std::optional<Lease>();
  return std::optional(std::move(taken.front()));
}

Result<std::vector<Lease>> Leases::acquire_free(std::span<const std::string> names) {
  // Before the read: rows may change from then on.
  const Timestamp seen_at = steady_.now();
  const Seen seen = TRY(read_all());
  std::vector<std::string> missing;
  std::vector<LeaseState> free;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(seen.leases.begin(), seen.leases.end(),
                     [&](const LeaseState& state) { return state.lease.name == name; });
    if (found == seen.leases.end()) {
      missing.push_back(name);
    } else if (is_free(*found, seen, seen_at)) {
      free.push_back(*found);
    }
  }
  if (missing.empty() && free.empty()) return std::vector<Lease>();
  return database_.write([&](Tx& tx) -> Result<std::vector<Lease>> {
    std::vector<Lease> taken;
    for (const std::string& name : missing) {
      if (TRY(make(tx, name))) taken.push_back({name, 1});
    }
    for (const LeaseState& state : free) {
      if (TRY(take(tx, state))) taken.push_back({state.lease.name, state.lease.fencing + 1});
    }
    return taken;
  });
}

Result<Leases::Seen> Leases::read_all() const {
  return database_.read([](Tx& tx) -> Result<Seen> {
    Seen seen;
    seen.leases = TRY(read_leases(tx));
    TRY(tx.query(session_list, {}, [&](const Row& row) {
      seen.sessions.emplace_back(row.text(0));
      return true;
    }));
    return seen;
  });
}

bool Leases::is_free(const LeaseState& state, const Seen& seen, Timestamp seen_at) {
  // Ours, but unknown to this object: taken again with a new number.
  if (state.session == self_.session) return true;
  const auto& sessions = seen.sessions;
  if (std::find(sessions.begin(), sessions.end(), state.session) == sessions.end()) return true;
  Sighting& sighting = sightings_[state.lease.name];
  if (sighting.fencing != state.lease.fencing || sighting.renewals != state.renewals)
    sighting = {state.lease.fencing, state.renewals, seen_at};
  return seen_at >= sighting.since.plus_us(state.ttl_us);
}

Result<bool> Leases::make(Tx& tx, const std::string& name) const {
  const Timestamp now = clock_.now();
  return TRY(tx.exec(lease_insert, {name, self_.node, self_.session, ttl_us_, now.us,
                                    now.plus_us(ttl_us_).us})) > 0;
}

Result<bool> Leases::take(Tx& tx, const LeaseState& state) const {
  const Timestamp now = clock_.now();
  return TRY(tx.exec(lease_take, {state.lease.name, self_.node, self_.session, ttl_us_, now.us,
                                  now.plus_us(ttl_us_).us, state.lease.fencing, state.renewals})) >
         0;
}

Result<bool> Leases::renew(Tx& tx, const Lease& lease, std::string_view last_run) const {
  return TRY(tx.exec(lease_renew, {lease.name, lease.fencing, self_.session,
                                   clock_.now().plus_us(ttl_us_).us, last_run})) > 0;
}

Result<void> Leases::release(std::span<const Lease> leases) const {
  if (leases.empty()) return {};
  return database_.write([&](Tx& tx) -> Result<void> {
    for (const Lease& lease : leases)
      TRY(tx.exec(lease_release, {lease.name, lease.fencing, self_.session}));
    return {};
  });
}

Result<void> Leases::check(Tx& tx, const Lease& lease) const {
  const bool must_lock = database_.dialect() == sql::Dialect::postgres;
  bool is_ours = false;
  TRY(tx.query(must_lock ? lease_check_locking : lease_check,
               {lease.name, lease.fencing, self_.session}, [&](const Row&) {
                 is_ours = true;
                 return false;
               }));
  if (is_ours) return {};
  return Error{errors::lease_lost, "another node holds the lease " + lease.name};
}

Result<std::vector<LeaseState>> Leases::list() const { return database_.read(read_leases); }

}  // namespace florin::cluster
