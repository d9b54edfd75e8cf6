#pragma once
#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace florin {

/// Hands out ids that grow: 41 bits of milliseconds since 2020-01-01Z, 10 bits of node, 12 bits of
/// sequence. Never repeats or goes back in one process, whatever the clock does; call `start_after`
/// at start with the greatest id stored, so that a clock set back cannot repeat one either.
/// Safe for concurrent use.
class IdGenerator {
 public:
  static constexpr int sequence_bits = 12;
  static constexpr int node_bits = 10;
  /// The most ids one call can reserve.
  static constexpr int max_run = 1 << sequence_bits;

  IdGenerator(const Clock& clock, int node);
  IdGenerator(IdGenerator&& other) noexcept
      : clock_(other.clock_), node_(other.node_), last_(other.last_.load()) {}

  std::int64_t next() { return next_run(1); }
  /// The first of `count` consecutive ids of one millisecond; 1 <= count <= max_run.
  std::int64_t next_run(int count);
  /// A generator of its own for `count` ids in runs of any length, which nobody else hands out and
  /// which lie together: all that is handed out here later is greater. For one thread.
  IdGenerator reserve(std::int64_t count);
  void start_after(std::int64_t greatest_stored);
  int node() const { return node_; }
  /// The smallest id that can be made at this moment, the greatest of all when ids end before it:
  /// a bound for searching ids by time.
  static std::int64_t first_at(Timestamp at);
  /// The last microsecond at which this id can have been made.
  static Timestamp latest_moment_of(std::int64_t id);
  /// Who made it.
  static int node_of(std::int64_t id);

 private:
  const Clock& clock_;
  const int node_;
  std::atomic<std::int64_t> last_{
      0};  // Milliseconds and sequence of the last id, without the node.
};

}  // namespace florin
