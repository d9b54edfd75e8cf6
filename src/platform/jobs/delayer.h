#pragma once
#include <chrono>
#include <functional>
#include <memory>

namespace florin::jobs {

/// Runs functions after a while, on one thread of its own: they must be short and hand on. Safe for
/// concurrent use.
class Delayer {
 public:
  using Work = std::function<void()>;

  Delayer();
  /// Finishes the function that runs; what still waits is dropped without being run.
  ~Delayer();
  /// Negative: at once.
  void run_after(std::chrono::milliseconds delay, Work work);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::jobs
