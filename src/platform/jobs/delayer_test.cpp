#include "platform/jobs/delayer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

namespace florin::jobs {
namespace {

constexpr int an_hour_ms = 3'600'000;

TEST(Delayer, WorkOfOneTimeRunsInTheOrderItCame) {
  Delayer delayer;
  std::vector<int> order;
  std::promise<void> all_asked;
  std::promise<void> last;
  delayer.run_after(0, [&] { all_asked.get_future().wait(); });
  delayer.run_after(0, [&] { order.push_back(1); });
  delayer.run_after(0, [&] { order.push_back(2); });
  delayer.run_after(0, [&] {
    order.push_back(3);
    last.set_value();
  });
  all_asked.set_value();
  last.get_future().wait();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_EQ(delayer.waiting(), 0u);
}

TEST(Delayer, AShorterDelayOvertakesOneThatWaits) {
  Delayer delayer;
  std::promise<void> ran;
  delayer.run_after(an_hour_ms, [] {});
  delayer.run_after(1, [&] { ran.set_value(); });
  ran.get_future().wait();
  EXPECT_EQ(delayer.waiting(), 1u);
}

TEST(Delayer, WorkThatThrowsDoesNotStopTheRest) {
  Delayer delayer;
  std::promise<void> ran;
  delayer.run_after(0, [] { throw std::runtime_error("broken"); });
  delayer.run_after(1, [&] { ran.set_value(); });
  ran.get_future().wait();
}

TEST(Delayer, WorkMayAskForMoreWork) {
  Delayer delayer;
  std::promise<void> ran;
  delayer.run_after(0, [&] { delayer.run_after(0, [&] { ran.set_value(); }); });
  ran.get_future().wait();
}

TEST(Delayer, StopDropsWhatWaitsAndWhatComesLater) {
  Delayer delayer;
  const auto held = std::make_shared<int>(1);
  delayer.run_after(an_hour_ms, [held] { ADD_FAILURE(); });
  delayer.stop();
  delayer.run_after(0, [held] { ADD_FAILURE(); });
  delayer.stop();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Delayer, TakesWorkFromManyThreads) {
  constexpr int threads = 4;
  constexpr int each = 500;
  Delayer delayer;
  std::atomic<int> ran{0};
  std::promise<void> all;
  std::vector<std::thread> askers;
  for (int t = 0; t < threads; ++t) {
    askers.emplace_back([&] {
      for (int i = 0; i < each; ++i) {
        delayer.run_after(i % 5, [&] {
          if (++ran == threads * each) all.set_value();
        });
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  all.get_future().wait();
  EXPECT_EQ(ran, threads * each);
}

}  // namespace
}  // namespace florin::jobs
