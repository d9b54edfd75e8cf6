#include "app/stop_signals.h"

#include <ctime>

namespace florin::app {

StopSignals::StopSignals() {
  sigemptyset(&stop_);
  sigaddset(&stop_, SIGINT);
  sigaddset(&stop_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void StopSignals::wait() const {
  int received = 0;
  while (sigwait(&stop_, &received) != 0) {
  }
}

void StopSignals::wait_for(std::chrono::milliseconds time) const {
  const timespec limit{time.count() / 1'000, time.count() % 1'000 * 1'000'000};
  sigtimedwait(&stop_, nullptr, &limit);
}

}  // namespace florin::app
