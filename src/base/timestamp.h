#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace florin {

/// A point in UTC, in microseconds since 1970-01-01T00:00:00Z.
struct Timestamp {
  std::int64_t us = 0;

  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;
  constexpr Timestamp plus_us(std::int64_t more) const { return {us + more}; }
  constexpr Timestamp plus_seconds(std::int64_t more) const { return {us + more * 1'000'000}; }

  /// RFC 3339 in UTC with microseconds: "2026-11-21T10:11:12.345678Z".
  std::string rfc3339() const;
  /// Appends what rfc3339() gives, without an allocation of its own.
  void append_rfc3339(std::string& out) const;
  /// Reads RFC 3339 with any offset and up to nine decimals (rounded down); years 1970 to 2262.
  static std::optional<Timestamp> parse(std::string_view text);
  /// What text must be for that, as clients are told of it.
  static constexpr std::string_view rule =
      "must be a time of RFC 3339 from 1970 to 2262, such as 2026-11-21T10:00:00Z";
};

}  // namespace florin
