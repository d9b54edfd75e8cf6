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

/// Values that are forgotten by themselves: sessions, and what is costly to find out again. They
/// may be lost before their time (a restart, a full store), so that nobody may depend on them; and
/// names must be hashes of what is secret. Safe for concurrent use. No call fails: what cannot be
/// shared with other nodes is kept on this one, and state() says so.
class ShortLivedStore {
 public:
  virtual ~ShortLivedStore() = default;

  /// From memory alone, so that I/O threads may call it: a value that was put or found within the
  /// last second. Nothing: ask find().
  virtual std::optional<std::string> glance(std::string_view name) = 0;
  /// May wait for another machine, like all that follow: not for I/O threads.
  virtual std::optional<std::string> find(std::string_view name) = 0;
  /// Replaces what had the name, but nothing that was erased.
  virtual void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) = 0;
  /// From now on; a value that is not there stays away.
  virtual void extend(std::string_view name, std::int64_t lifetime_ms) = 0;
  /// The name stays empty for `remembered_ms`: as long as a node that does not hear of it might go
  /// on with its copy.
  virtual void erase(std::string_view name, std::int64_t remembered_ms) = 0;

  /// Begins to share; until then, and whenever sharing fails, each node keeps its own values.
  virtual void start() = 0;
  virtual Sharing state() const = 0;
};

/// Values of this process alone, `most_values` at most: beyond, what would end first goes first.
std::unique_ptr<ShortLivedStore> short_lived_in_memory(const Clock& clock, std::size_t most_values);

}  // namespace florin::cache
