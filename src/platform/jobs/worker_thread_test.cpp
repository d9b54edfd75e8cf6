#include "platform/jobs/worker_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace florin::jobs {
namespace {

constexpr std::int64_t an_hour_us = 3'600'000'000;

TEST(WorkerThread, TakesATurnAtOnceAndWhenWoken) {
  std::atomic<int> turns{0};
  std::promise<void> first, second;
  WorkerThread worker("test", [&]() -> std::int64_t {
    const int turn = ++turns;
    if (turn == 1) first.set_value();
    if (turn == 2) second.set_value();
    return an_hour_us;
  });
  worker.start();
  first.get_future().wait();
  worker.wake();
  second.get_future().wait();
  worker.stop();
  EXPECT_EQ(turns, 2);
}

TEST(WorkerThread, AWakeDuringATurnIsNotLost) {
  std::promise<void> second;
  std::atomic<int> turns{0};
  WorkerThread* self = nullptr;
  WorkerThread worker("test", [&]() -> std::int64_t {
    const int turn = ++turns;
    if (turn == 1) self->wake();
    if (turn == 2) second.set_value();
    return an_hour_us;
  });
  self = &worker;
  worker.start();
  second.get_future().wait();
}

TEST(WorkerThread, TakesTheNextTurnWhenTheRestIsOver) {
  std::promise<void> third;
  std::atomic<int> turns{0};
  WorkerThread worker("test", [&]() -> std::int64_t {
    if (++turns == 3) third.set_value();
    return turns < 3 ? 0 : an_hour_us;
  });
  worker.start();
  third.get_future().wait();
  worker.stop();
  worker.stop();
  EXPECT_EQ(turns, 3);
}

TEST(WorkerThread, NeedNotBeStarted) {
  WorkerThread worker("test", []() -> std::int64_t { return 0; });
  worker.wake();
}

}  // namespace
}  // namespace florin::jobs
