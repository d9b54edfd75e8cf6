#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace florin::reconciliation {
class Runs;

/// Works on queued runs, one after another, on one thread of its own. It also takes up what another
/// process left unfinished. Safe for concurrent use.
class Runner {
 public:
  explicit Runner(Runs& runs) : runs_(runs) {}
  ~Runner() { stop(); }

  void start();
  /// Interrupts the run that is being worked on; the next start takes it up again. Safe to call
  /// twice.
  void stop();
  /// There is something to do.
  void wake();

 private:
  void work();
  bool wait();
  void run_all();

  Runs& runs_;
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool is_woken_ = true;
  std::thread thread_;
};

}  // namespace florin::reconciliation
