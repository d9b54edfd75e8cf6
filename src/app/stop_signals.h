#pragma once
#include <signal.h>

#include <chrono>

namespace florin::app {

/// SIGINT and SIGTERM as something to wait for. Made before any thread, so that every later one
/// leaves them to wait(). SIGPIPE and SIGXFSZ are ignored from then on: a client that went away,
/// and a disk quota, are errors of one call, not the end of the process.
class StopSignals {
 public:
  StopSignals();
  /// Blocks until one of them arrives.
  void wait() const;
  /// Blocks until one of them arrives or the time is over.
  void wait_for(std::chrono::milliseconds time) const;

 private:
  sigset_t stop_;
};

}  // namespace florin::app
