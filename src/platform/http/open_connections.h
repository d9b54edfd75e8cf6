#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <unordered_map>

namespace florin::http {

/// How many client connections a server has. Safe for concurrent use.
class OpenConnections {
 public:
  int count() const { return count_.load(std::memory_order_relaxed); }
  int count_of(const std::string& address) const {
    const std::lock_guard lock(mutex_);
    const auto found = by_address_.find(address);
    return found == by_address_.end() ? 0 : found->second;
  }
  void opened(const std::string& address) {
    const std::lock_guard lock(mutex_);
    ++by_address_[address];
    count_.fetch_add(1);
  }
  void closed(const std::string& address) {
    forget(address);
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
  void forget(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = by_address_.find(address);
    if (--found->second == 0) by_address_.erase(found);
  }

  std::atomic<int> count_{0};
  mutable std::mutex mutex_;
  std::unordered_map<std::string, int> by_address_;
  std::condition_variable none_left_;
};

}  // namespace florin::http
