#include "platform/jobs/worker_thread.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace florin::jobs {

struct WorkerThread::Impl {
  std::string name;
  Turn turn;
  std::mutex mutex;  // Guards what follows.
  std::condition_variable changed;
  bool is_awake = true;
  bool is_stopping = false;
  std::thread thread;

  void run() {
    ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
    std::unique_lock lock(mutex);
    while (!is_stopping) {
      is_awake = false;
      lock.unlock();
      const std::chrono::microseconds rest(turn());
      lock.lock();
      changed.wait_for(lock, rest, [&] { return is_awake || is_stopping; });
    }
  }
};

WorkerThread::WorkerThread(std::string name, Turn turn) : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(name);
  impl_->turn = std::move(turn);
}

WorkerThread::~WorkerThread() { stop(); }

void WorkerThread::start() {
  impl_->thread = std::thread([this] { impl_->run(); });
}

void WorkerThread::wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->is_awake) return;
    impl_->is_awake = true;
  }
  impl_->changed.notify_one();
}

void WorkerThread::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->changed.notify_one();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace florin::jobs
