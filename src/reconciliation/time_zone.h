#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"

namespace florin::reconciliation {

/// A zone of the system's time zone database. A value; safe for concurrent reading.
class TimeZone {
 public:
  /// `name` as in "Africa/Nairobi". Errors: reconciliation_file_malformed: no such zone here.
  static Result<TimeZone> load(std::string_view name);
  /// From the bytes of a TZif file (RFC 8536); nothing when they are none.
  static std::optional<TimeZone> parse(std::string_view bytes);

  /// The time at which clocks of the zone show `local` (its digits, read as if they were UTC).
  /// Where clocks were put back and showed it twice: the first time. Where they were put forward
  /// and skipped it: as if they had not been, so that it falls after the gap. Nothing for times
  /// after those that the database tells of.
  std::optional<Timestamp> from_local(Timestamp local) const;

 private:
  struct Change {
    std::int64_t at_s, offset_s;
  };
  std::int64_t offset_at(std::int64_t unix_s) const;

  std::vector<Change> changes_;      // Oldest first.
  std::int64_t first_offset_s_ = 0;  // Before the first change.
  std::int64_t known_until_s_ = INT64_MAX;
};

/// "2026-11-20 12:00:00", also with T, without seconds, with decimals, or as "20.11.2026 12:00:00":
/// its digits as if they were UTC. Nothing for other text.
std::optional<Timestamp> parse_local_time(std::string_view text);

}  // namespace florin::reconciliation
