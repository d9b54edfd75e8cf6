#include "platform/http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace florin::http {
namespace {

TEST(WorkerPool, RunsEveryJobItTook) {
  std::atomic<int> ran{0};
  std::promise<void> all;
  WorkerPool pool(3, 1'000);
  pool.start();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pool.submit([&](WorkerPool::Turn) {
      if (++ran == 100) all.set_value();
    }));
  }
  EXPECT_EQ(all.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(WorkerPool, RefusesMoreThanItsQueueHolds) {
  WorkerPool pool(1, 2);  // Not started: nothing leaves the queue.
  const auto nothing = [](WorkerPool::Turn) {};
  EXPECT_TRUE(pool.submit(nothing));
  EXPECT_TRUE(pool.submit(nothing));
  EXPECT_FALSE(pool.submit(nothing));
}

TEST(WorkerPool, StopWaitsForTheRunningAndTellsTheWaiting) {
  WorkerPool pool(1, 10'000'000);
  std::promise<void> running, go_on;
  std::atomic<bool> finished{false}, told{false};
  pool.start();
  ASSERT_TRUE(pool.submit([&](WorkerPool::Turn) {
    running.set_value();
    go_on.get_future().wait();
    finished = true;
  }));
  running.get_future().wait();
  ASSERT_TRUE(pool.submit([&](WorkerPool::Turn turn) {
    if (turn == WorkerPool::Turn::too_late) told = true;
  }));
  std::thread stopper([&] { pool.stop(); });
  // Once stop() has begun nothing more is taken.
  while (pool.submit([](WorkerPool::Turn) {})) std::this_thread::yield();
  go_on.set_value();
  stopper.join();
  EXPECT_TRUE(finished);
  EXPECT_TRUE(told);
  EXPECT_FALSE(pool.submit([](WorkerPool::Turn) {}));
}

}  // namespace
}  // namespace florin::http
