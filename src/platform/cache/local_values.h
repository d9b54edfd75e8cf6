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

/// The values of a cache that this process knows, in memory. An erased name is kept as such until
/// its lifetime ends. Safe for concurrent use.
class LocalValues {
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

  explicit LocalValues(std::size_t max_values) : max_values_(max_values) {}

  /// A value that was seen within the last second.
  std::optional<std::string> find_local(std::string_view name, Timestamp now);
  std::optional<Known> find(std::string_view name, Timestamp now);
  /// As find(), and the value counts as seen now.
  std::optional<std::string> find_and_touch(std::string_view name, Timestamp now);
  /// Replaces what the name had, unless it was erased.
  void put(std::string_view name, Known known);
  /// Of a value that is known and not erased.
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
  void remove_expired(Timestamp now);

  const std::size_t max_values_;
  std::mutex mutex_;  // Guards what follows.
  std::unordered_map<std::string, Entry> entries_;
  ByEnd by_end_;
};

}  // namespace florin::cache
