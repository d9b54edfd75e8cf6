#include "cluster/agreed_clock.h"

#include <fmt/core.h>

#include <cstdlib>

#include "base/try.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

constexpr sql::Query database_clock{
    "cluster.database_clock",
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"};

/// How far a clock that lacks this much to the steady one is ahead of what was sighted. The answer
/// may have been made at any moment between the two readings: within them nothing is wrong.
std::int64_t ahead_us(std::int64_t offset_us, const DatabaseTime& seen) {
  const std::int64_t least = seen.theirs.us - seen.after.us;
  const std::int64_t most = seen.theirs.us - seen.before.us;
  if (offset_us > most) return offset_us - most;
  if (offset_us < least) return offset_us - least;
  return 0;
}

bool is_far(std::int64_t difference_us) {
  return std::abs(difference_us) > AgreedClock::tolerance_us;
}

std::string sentence(std::int64_t ahead_us, bool is_refused) {
  return fmt::format("this host's clock is {} ms {} the database server's{}",
                     std::abs(ahead_us) / 1'000, ahead_us > 0 ? "ahead of" : "behind",
                     is_refused ? "; florin does not go by it" : "");
}

}  // namespace

Result<std::optional<DatabaseTime>> database_time(sql::Database& database, const Clock& ours) {
  if (database.dialect() == sql::Dialect::sqlite) return std::optional<DatabaseTime>();
  DatabaseTime seen;
  TRY(database.read([&](sql::Tx& tx) {
    seen.before = ours.now();
    return tx.query(database_clock, {}, [&](const sql::Row& row) {
      seen.theirs = {row.integer(0)};
      return false;
    });
  }));
  seen.after = ours.now();
  return std::optional(seen);
}

AgreedClock::AgreedClock(const Clock& host, const Clock& steady)
    : host_(host), steady_(steady), offset_us_(host.now().us - steady.now().us) {}

void AgreedClock::look(const std::optional<DatabaseTime>& database) {
  const std::int64_t host_us = host_.now().us - steady_.now().us;
  const std::int64_t ahead = database ? ahead_us(host_us, *database) : 0;
  const bool has_jumped = is_far(host_us - offset_us_);
  // At the start nothing tells which of the two is wrong, and the database's is everybody's.
  const bool is_refused = is_far(ahead) && (has_jumped || !has_looked_);
  if (is_refused && !has_looked_) offset_us_ = host_us - ahead;
  if (!is_refused) offset_us_ = host_us;
  if (has_jumped && !is_refused) log::warn("the host's clock was set, and florin's with it", {});
  has_looked_ = true;
  tell(is_far(ahead) ? sentence(ahead, is_refused) : std::string());
}

void AgreedClock::tell(std::string doubt) {
  const std::lock_guard lock(mutex_);
  if (doubt.empty() && !doubt_.empty()) log::info("the clocks agree again", {});
  if (!doubt.empty() && doubt_.empty()) log::warn("the clocks disagree", {{"reason", doubt}});
  doubt_ = std::move(doubt);
}

std::string AgreedClock::doubt() const {
  const std::lock_guard lock(mutex_);
  return doubt_;
}

}  // namespace florin::cluster
