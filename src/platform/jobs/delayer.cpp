#include "platform/jobs/delayer.h"

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace florin::jobs {

using SteadyClock = std::chrono::steady_clock;

struct Delayer::Impl {
  std::mutex mutex;  // Guards what follows.
  std::condition_variable wake;
  std::multimap<SteadyClock::time_point, Work> waiting;  // Equal times run in the order they came.
  bool is_stopping = false;
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    while (!is_stopping) {
      if (waiting.empty()) {
        wake.wait(lock);
      } else if (const auto due = waiting.begin()->first; due > SteadyClock::now()) {
        wake.wait_until(lock, due);
      } else {
        const Work work = std::move(waiting.extract(waiting.begin()).mapped());
        lock.unlock();
        work();
        lock.lock();
      }
    }
  }
};

Delayer::Delayer() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->run(); });
}

Delayer::~Delayer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
    impl_->wake.notify_one();
  }
  impl_->thread.join();
}

void Delayer::run_after(std::chrono::milliseconds delay, Work work) {
  const auto due = SteadyClock::now() + delay;
  const std::lock_guard lock(impl_->mutex);
  const auto added = impl_->waiting.emplace(due, std::move(work));
  if (added == impl_->waiting.begin()) impl_->wake.notify_one();
}

}  // namespace florin::jobs
