#include "app/stop_signals.h"

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

}  // namespace florin::app
