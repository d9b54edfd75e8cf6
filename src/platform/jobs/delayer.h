#pragma once
#include <cstddef>
#include <functional>
#include <memory>

namespace florin::jobs {

/// Runs small pieces of work after a time, on one thread of its own, in the order of their times
/// (equal times: in the order they came). Waiting work costs memory, not threads. An exception of
/// the work is logged. Safe for concurrent use.
class Delayer {
 public:
  Delayer();   ///< Starts the thread.
  ~Delayer();  ///< As stop().

  /// `work` must be short: it hands on. After stop() it is dropped without being run.
  void run_after(int delay_ms, std::function<void()> work);
  /// Ends the thread after the work it is running and drops what waits. Safe to call twice, but not
  /// from the work itself.
  void stop();
  std::size_t waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::jobs
