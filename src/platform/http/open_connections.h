#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace florin::http {

/// How many client connections a server has. Safe for concurrent use.
class OpenConnections {
 public:
  int count() const { return count_.load(std::memory_order_relaxed); }
  void opened() { count_.fetch_add(1); }
  void closed() {
    if (count_.fetch_sub(1) != 1) return;
    const std::lock_guard lock(mutex_);
    none_left_.notify_all();
  }
  /// Waits until there is none, or for so long.
  void wait_for_none(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    none_left_.wait_for(lock, at_most, [this] { return count_.load() == 0; });
  }

 private:
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable none_left_;
};

}  // namespace florin::http
