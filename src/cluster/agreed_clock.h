#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace florin::sql {
class Database;
}

namespace florin::cluster {

/// What a database server's clock showed between two readings of one of ours.
struct DatabaseTime {
  Timestamp before, theirs, after;
};
/// Nothing on SQLite, which has no clock of its own. Errors: store errors.
Result<std::optional<DatabaseTime>> database_time(sql::Database& database, const Clock& ours);

/// The time that the nodes of one database go by. It runs with the steady clock and follows the
/// host's, but not over a jump that the database server's clock does not confirm: ids and times of
/// rows are made from it, and one node an hour ahead would drag all others along. Without a clock
/// to compare with (SQLite) the host is followed everywhere. Safe for concurrent use.
/// Source: docs/faults.md, "Clocks".
class AgreedClock final : public Clock {
 public:
  /// Further apart than this is a fault; nodes that keep to NTP are closer.
  static constexpr std::int64_t tolerance_us = 2'000'000;

  /// Believes the host until the first look.
  AgreedClock(const Clock& host, const Clock& steady);

  Timestamp now() const override { return steady_.now().plus_us(offset_us_); }

  /// Compares the clocks and corrects itself; `database` was read with the steady clock. To be
  /// called before the first row is written, and then every second or so.
  void look(const std::optional<DatabaseTime>& database);
  /// What is wrong with the clocks, in a sentence; empty when nothing is.
  std::string doubt() const;

 private:
  void tell(std::string doubt);

  const Clock& host_;
  const Clock& steady_;
  std::atomic<std::int64_t> offset_us_;  ///< What the steady clock lacks to UTC.
  bool has_looked_ = false;              ///< Of the one thread that looks.
  mutable std::mutex mutex_;             ///< Guards the next.
  std::string doubt_;
};

}  // namespace florin::cluster
