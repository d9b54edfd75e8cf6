#include "app/stop_signals.h"

#include <ctime>

namespace florin::app {

StopSignals::StopSignals(Hangup hangup) {
  sigemptyset(&stop_);
  sigaddset(&stop_, SIGINT);
  sigaddset(&stop_, SIGTERM);
  awaited_ = stop_;
  if (hangup == Hangup::reloads) sigaddset(&awaited_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

void StopSignals::wait(const std::function<void()>& reload) const {
  for (;;) {
    int received = 0;
    if (sigwait(&awaited_, &received) != 0) continue;
    if (received != SIGHUP) return;
    reload();
  }
}

void StopSignals::wait_for(std::chrono::milliseconds time) const {
  const timespec limit{time.count() / 1'000, time.count() % 1'000 * 1'000'000};
  sigtimedwait(&stop_, nullptr, &limit);
}

}  // namespace florin::app
