#pragma once
#include <atomic>
#include <cstdint>

#include "base/timestamp.h"

namespace florin {

/// Where time comes from. Modules are given one, so that tests and the simulation own time.
class Clock {
 public:
  virtual ~Clock() = default;
  /// UTC. May step back when the host's clock does. Safe for concurrent use.
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
};

/// Time since the machine was booted, also while it slept: never steps back, whatever is done to
/// the host's clock. For measuring how long ago something was, on this machine alone.
class BootClock final : public Clock {
 public:
  Timestamp now() const override;
};

/// Time for tests: moves only when told. Safe for concurrent use.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start = {1'700'000'000'000'000}) : now_us_(start.us) {}
  Timestamp now() const override { return {now_us_}; }
  void set(Timestamp now) { now_us_ = now.us; }
  void advance_seconds(std::int64_t seconds) { now_us_ += seconds * 1'000'000; }

 private:
  std::atomic<std::int64_t> now_us_;
};

}  // namespace florin
