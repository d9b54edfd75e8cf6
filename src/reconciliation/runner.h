#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace florin::reconciliation {
class Runs;

/// Works on queued runs, one after another, on one thread of its own. It also takes up what another
/// process left unfinished. Safe for concurrent use.
class Runner {
 public:
  /// Works while `is_our_turn` says so: of many nodes one alone does.
  explicit Runner(
      Runs& runs, std::function<bool()> is_our_turn = [] { return true; })
      : runs_(runs), is_our_turn_(std::move(is_our_turn)) {}
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
  const std::function<bool()> is_our_turn_;
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  bool is_woken_ = true;
  std::thread thread_;
};

}  // namespace florin::reconciliation
