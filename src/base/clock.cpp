#include "base/clock.h"

#include <ctime>

namespace florin {

namespace {
Timestamp read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return {static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000};
}
}  // namespace

Timestamp SystemClock::now() const { return read(CLOCK_REALTIME); }
Timestamp BootClock::now() const { return read(CLOCK_BOOTTIME); }

}  // namespace florin
