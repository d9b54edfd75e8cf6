#include "platform/jobs/delayer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace florin::jobs {
namespace {

using std::chrono::milliseconds;

TEST(Delayer, RunsInTheOrderOfTheTimes) {
  std::string order;
  std::promise<void> done;
  Delayer delayer;
  delayer.run_after(milliseconds(40), [&] {
    order += 'c';
    done.set_value();
  });
  delayer.run_after(milliseconds(20), [&] { order += 'b'; });
  delayer.run_after(milliseconds(-5), [&] { order += 'a'; });
  done.get_future().wait();
  EXPECT_EQ(order, "abc");
}

TEST(Delayer, AFunctionMayAskForAnother) {
  std::promise<void> done;
  Delayer delayer;
  delayer.run_after(milliseconds(0),
                    [&] { delayer.run_after(milliseconds(0), [&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(Delayer, EndsWithoutRunningWhatWaits) {
  std::atomic<bool> ran{false};
  {
    Delayer().run_after(std::chrono::hours(1), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

TEST(Delayer, TakesWorkFromManyThreads) {
  std::atomic<int> ran{0};
  std::promise<void> all;
  Delayer delayer;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        delayer.run_after(milliseconds((t + i) % 7), [&] {
          if (++ran == 400) all.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  all.get_future().wait();
  EXPECT_EQ(ran, 400);
}

}  // namespace
}  // namespace florin::jobs
