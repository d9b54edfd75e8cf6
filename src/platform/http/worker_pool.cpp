#include "platform/http/worker_pool.h"

#include <pthread.h>

#include <chrono>
#include <utility>

#include "platform/log/log.h"

namespace florin::http {

namespace {
constexpr std::chrono::milliseconds rest{500};
}

WorkerPool::WorkerPool(int threads, int max_queued, std::function<void()> at_rest)
    : thread_count_(threads),
      max_queued_(static_cast<std::size_t>(max_queued)),
      at_rest_(std::move(at_rest)) {}

WorkerPool::~WorkerPool() { stop(); }

void WorkerPool::start() {
  for (int i = 0; i < thread_count_; ++i) {
    threads_.emplace_back([this] { work(); });
    pthread_setname_np(threads_.back().native_handle(), "http-worker");
  }
}

bool WorkerPool::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(job));
  }
  something_to_do_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<Job> left;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    left.swap(queue_);
  }
  something_to_do_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (const Job& job : left) job(Turn::too_late);
}

void WorkerPool::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    wait_for_work(lock);
    if (queue_.empty()) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    has_worked_ = true;
    lock.unlock();
    run(job);
  }
}

/// A job whose memory ran out even for its own excuse must not end the process.
void WorkerPool::run(const Job& job) {
  try {
    job(Turn::run);
  } catch (const std::exception& thrown) {
    log::error("a job of the HTTP server threw", {{"what", thrown.what()}});
  }
}

void WorkerPool::wait_for_work(std::unique_lock<std::mutex>& lock) {
  const auto is_wanted = [this] { return stopping_ || !queue_.empty(); };
  while (at_rest_ && has_worked_ && !something_to_do_.wait_for(lock, rest, is_wanted)) {
    if (!std::exchange(has_worked_, false)) continue;
    lock.unlock();
    at_rest_();
    lock.lock();
  }
  something_to_do_.wait(lock, is_wanted);
}

}  // namespace florin::http
