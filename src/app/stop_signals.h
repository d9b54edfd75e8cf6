#pragma once
#include <signal.h>

#include <chrono>
#include <functional>

namespace florin::app {

/// SIGINT and SIGTERM as something to wait for. Made before any thread, so that every later one
/// leaves them to wait(). SIGPIPE and SIGXFSZ are ignored from then on: a client that went away,
/// and a disk quota, are errors of one call, not the end of the process. Where SIGHUP means to read
/// files again, it is waited for too.
class StopSignals {
 public:
  enum class Hangup { ends, reloads };
  explicit StopSignals(Hangup hangup = Hangup::ends);
  /// Blocks until SIGINT or SIGTERM arrives. SIGHUP calls `reload` and waiting goes on.
  void wait(const std::function<void()>& reload = [] {}) const;
  /// Blocks until one of them arrives or the time is over.
  void wait_for(std::chrono::milliseconds time) const;

 private:
  sigset_t stop_;     // SIGINT and SIGTERM,
  sigset_t awaited_;  // and SIGHUP where it reloads.
};

}  // namespace florin::app
