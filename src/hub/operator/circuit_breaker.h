#pragma once
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/timestamp.h"

namespace florin::hub::operators {

/// Keeps calls from an Operator that fails every time: opens after some failures in a row, lets one
/// probe pass after a pause, and closes when the probe does well. Safe for concurrent use.
class CircuitBreaker {
 public:
  enum class State : std::uint8_t { closed, half_open, open };
  struct Options {
    int failures_to_open = 10;
    std::int64_t pause_us = 5'000'000;
  };
  /// Leave for one attempt, to be handed back by report().
  struct Permit {
    bool is_probe = false;
  };

  explicit CircuitBreaker(Options options) : options_(options) {}

  /// Nothing while it is open, and while the probe is under way.
  std::optional<Permit> try_pass(Timestamp now);
  void report(Permit permit, bool is_healthy, Timestamp now);
  /// The attempt was not made after all.
  void give_back(Permit permit);
  State state() const;

 private:
  bool has_paused(Timestamp now) const;

  const Options options_;
  mutable std::mutex mutex_;  // Guards what follows.
  State state_ = State::closed;
  int failures_ = 0;  // In a row.
  Timestamp opened_at_;
};

}  // namespace florin::hub::operators
