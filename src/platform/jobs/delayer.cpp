#include "platform/jobs/delayer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/log/log.h"

namespace florin::jobs {
namespace {

using Steady = std::chrono::steady_clock;

struct Piece {
  Steady::time_point due;
  std::uint64_t number = 0;  // Keeps the order of pieces that are due together.
  std::function<void()> work;
};

/// Turns a heap of the standard library, whose front is the greatest, into one of the earliest.
bool later(const Piece& a, const Piece& b) {
  return a.due != b.due ? a.due > b.due : a.number > b.number;
}

void run_guarded(const Piece& piece) {
  try {
    piece.work();
  } catch (const std::exception& fault) {
    log::error("delayed work threw", {{"what", fault.what()}});
  }
}

}  // namespace

struct Delayer::Impl {
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::vector<Piece> heap;
  std::uint64_t next_number = 0;
  bool stopping = false;
  std::thread thread;

  /// Everything that is due, in its order.
  std::vector<Piece> take_due(Steady::time_point now) {
    std::vector<Piece> due;
    while (!heap.empty() && heap.front().due <= now) {
      std::pop_heap(heap.begin(), heap.end(), later);
      due.push_back(std::move(heap.back()));
      heap.pop_back();
    }
    return due;
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      std::vector<Piece> due = take_due(Steady::now());
      if (!due.empty()) {
        lock.unlock();
        for (const Piece& piece : due) run_guarded(piece);
        due.clear();  // What the work holds on to goes outside the lock too.
        lock.lock();
      } else if (heap.empty()) {
        wake.wait(lock);
      } else {
        const Steady::time_point next = heap.front().due;
        wake.wait_until(lock, next);
      }
    }
  }
};

Delayer::Delayer() : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([this] { impl_->loop(); });
}

Delayer::~Delayer() { stop(); }

void Delayer::run_after(int delay_ms, std::function<void()> work) {
  const Steady::time_point due = Steady::now() + std::chrono::milliseconds(delay_ms);
  bool is_earliest = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return;
    is_earliest = impl_->heap.empty() || due < impl_->heap.front().due;
    impl_->heap.push_back({due, impl_->next_number++, std::move(work)});
    std::push_heap(impl_->heap.begin(), impl_->heap.end(), later);
  }
  if (is_earliest) impl_->wake.notify_one();
}

void Delayer::stop() {
  std::vector<Piece> dropped;  // Their owners may have destructors that take time: not in the lock.
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    dropped.swap(impl_->heap);
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::size_t Delayer::waiting() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->heap.size();
}

}  // namespace florin::jobs
