#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "platform/cache/sharing.h"

namespace florin::cache {

/// Values that expire: sessions, and results that are costly to get again. They may be lost earlier
/// (a restart, a full cache), so nobody may depend on them; a secret name must be a hash. Safe for
/// concurrent use. No call fails: what cannot be shared with other nodes is kept on this one, and
/// state() says so.
class TtlCache {
 public:
  virtual ~TtlCache() = default;

  /// From memory alone, for I/O threads: a value that was put or found within the last second.
  /// Nothing: call find().
  virtual std::optional<std::string> find_local(std::string_view name) = 0;
  /// May wait for another machine, like all that follow: not for I/O threads.
  virtual std::optional<std::string> find(std::string_view name) = 0;
  /// Replaces the value of that name, unless the name was erased.
  virtual void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) = 0;
  /// From now on. Does nothing for a value that is not there.
  virtual void extend(std::string_view name, std::int64_t lifetime_ms) = 0;
  /// The name cannot be put for `remembered_ms`: as long as a node without a connection might use
  /// its copy.
  virtual void erase(std::string_view name, std::int64_t remembered_ms) = 0;

  /// Begins to share; until then, and whenever sharing fails, each node keeps its own values.
  virtual void start() = 0;
  virtual Sharing state() const = 0;
};

/// Values of this process alone, `max_values` at most: the first to expire are dropped first.
std::unique_ptr<TtlCache> ttl_cache_in_memory(const Clock& clock, std::size_t max_values);

}  // namespace florin::cache
