#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/timestamp.h"

namespace florin::cache {

/// What a process knows of short-lived values, in memory. What was erased is kept as such until its
/// time is over. Safe for concurrent use.
class NearValues {
 public:
  struct Known {
    std::optional<std::string> value;  ///< Nothing: erased.
    Timestamp ends_at;
    Timestamp seen_at;  ///< When it was last put or found.
  };
  struct Named {
    std::string name;
    Known known;
  };

  explicit NearValues(std::size_t most) : most_(most) {}

  /// A value that was seen within the last second.
  std::optional<std::string> glance(std::string_view name, Timestamp now);
  std::optional<Known> find(std::string_view name, Timestamp now);
  /// As find(), and it counts as seen now.
  std::optional<std::string> see(std::string_view name, Timestamp now);
  /// What is new takes the place of what was known; but what was erased stays erased.
  void note(std::string_view name, Known known);
  /// Of a value that is there and not erased.
  void extend(std::string_view name, Timestamp ends_at);
  /// All that is still known.
  std::vector<Named> all(Timestamp now);

 private:
  using ByEnd = std::multimap<Timestamp, std::string>;
  struct Entry {
    Known known;
    ByEnd::iterator place;
  };
  Entry* entry_of(std::string_view name, Timestamp now);
  void forget_ended(Timestamp now);

  const std::size_t most_;
  std::mutex mutex_;  // Guards what follows.
  std::unordered_map<std::string, Entry> entries_;
  ByEnd by_end_;
};

}  // namespace florin::cache
