#pragma once
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

/// Time for tests: moves only when told.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start = {1'700'000'000'000'000}) : now_(start) {}
  Timestamp now() const override { return now_; }
  void set(Timestamp now) { now_ = now; }
  void advance_seconds(std::int64_t seconds) { now_ = now_.plus_seconds(seconds); }

 private:
  Timestamp now_;
};

}  // namespace florin
