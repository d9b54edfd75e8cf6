#include "platform/http/worker_pool.h"

#include <pthread.h>

namespace florin::http {

WorkerPool::WorkerPool(int threads, int max_queued)
    : thread_count_(threads), max_queued_(static_cast<std::size_t>(max_queued)) {}

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
    something_to_do_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job(Turn::run);
  }
}

}  // namespace florin::http
