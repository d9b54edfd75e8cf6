#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace florin::http {

/// Threads that may block, behind a queue of bounded length. Safe for concurrent use.
class WorkerPool {
 public:
  enum class Turn { run, too_late };  ///< Too late: the pool has stopped; the job only says so.
  using Job = std::function<void(Turn)>;

  /// `at_rest` is called when threads that have worked had nothing to do for half a second.
  WorkerPool(int threads, int max_queued, std::function<void()> at_rest = nullptr);
  ~WorkerPool();  ///< As stop().
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void start();
  /// False, and the job is dropped, when the queue is full or the pool has stopped.
  bool submit(Job job);
  /// Waits for the jobs that run; those that still wait are called with Turn::too_late.
  void stop();

 private:
  void work();
  static void run(const Job& job);
  void wait_for_work(std::unique_lock<std::mutex>& lock);

  const int thread_count_;
  const std::size_t max_queued_;
  const std::function<void()> at_rest_;
  std::mutex mutex_;
  std::condition_variable something_to_do_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  bool has_worked_ = false;  ///< Since it was last at rest.
  std::vector<std::thread> threads_;
};

}  // namespace florin::http
