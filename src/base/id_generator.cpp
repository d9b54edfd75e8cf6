#include "base/id_generator.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace florin {
namespace {

constexpr std::int64_t epoch_ms = 1'577'836'800'000;  // 2020-01-01T00:00:00Z
constexpr std::int64_t sequence_mask = IdGenerator::max_run - 1;

/// Milliseconds and sequence side by side, the node squeezed out.
std::int64_t without_node(std::int64_t id) {
  const std::int64_t ms = id >> (IdGenerator::node_bits + IdGenerator::sequence_bits);
  return ms << IdGenerator::sequence_bits | (id & sequence_mask);
}

}  // namespace

IdGenerator::IdGenerator(const Clock& clock, int node) : clock_(clock), node_(node) {
  assert(node >= 0 && node < (1 << node_bits));
}

std::int64_t IdGenerator::next_run(int count) {
  assert(count >= 1 && count <= max_run);
  const std::int64_t now = (clock_.now().us / 1'000 - epoch_ms) << sequence_bits;
  std::int64_t last = last_.load(std::memory_order_relaxed);
  std::int64_t first = 0;
  do {
    first = std::max(last + 1, now);
    // A run stays within one millisecond, so that its ids differ in the sequence alone.
    if ((first & sequence_mask) + count > max_run) first = (first | sequence_mask) + 1;
  } while (!last_.compare_exchange_weak(last, first + count - 1, std::memory_order_relaxed));
  const std::int64_t ms = first >> sequence_bits;
  return ms << (node_bits + sequence_bits) | static_cast<std::int64_t>(node_) << sequence_bits |
         (first & sequence_mask);
}

IdGenerator IdGenerator::reserve(std::int64_t count) {
  /// Long ago: its ids follow one another alone.
  class NoClock final : public Clock {
   public:
    Timestamp now() const override { return {epoch_ms * 1'000}; }
  };
  static const NoClock no_clock;
  const std::int64_t now = (clock_.now().us / 1'000 - epoch_ms) << sequence_bits;
  // A run that would pass the end of a millisecond begins with the next one, and leaves less than
  // its own length unused: twice the count is enough.
  const std::int64_t wanted = 2 * count + max_run;
  std::int64_t last = last_.load(std::memory_order_relaxed);
  std::int64_t before = 0;
  do {
    before = std::max(last, now - 1);
  } while (!last_.compare_exchange_weak(last, before + wanted, std::memory_order_relaxed));
  IdGenerator own(no_clock, node_);
  own.last_ = before;
  return own;
}

void IdGenerator::start_after(std::int64_t greatest_stored) {
  std::int64_t floor = without_node(greatest_stored);
  // Ids of one millisecond sort by node first: behind those of a higher node comes the next one.
  if (node_of(greatest_stored) > node_) floor |= sequence_mask;
  std::int64_t last = last_.load(std::memory_order_relaxed);
  while (last < floor && !last_.compare_exchange_weak(last, floor, std::memory_order_relaxed)) {
  }
}

std::int64_t IdGenerator::first_at(Timestamp at) {
  const std::int64_t ms = at.us / 1'000 - epoch_ms;
  if (ms <= 0) return 0;
  // Ids end in 2089, times do not.
  constexpr std::int64_t end_ms = std::int64_t{1} << (63 - node_bits - sequence_bits);
  return ms < end_ms ? ms << (node_bits + sequence_bits) : std::numeric_limits<std::int64_t>::max();
}

Timestamp IdGenerator::latest_moment_of(std::int64_t id) {
  const std::int64_t ms = (id >> (node_bits + sequence_bits)) + epoch_ms;
  return {ms * 1'000 + 999};
}

int IdGenerator::node_of(std::int64_t id) {
  return static_cast<int>(id >> sequence_bits) & ((1 << node_bits) - 1);
}

}  // namespace florin
