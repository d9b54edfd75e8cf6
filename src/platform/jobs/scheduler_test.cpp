#include "platform/jobs/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace florin::jobs {
namespace {

TEST(Scheduler, RunsAJobAgainAndAgainUntilStopped) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  std::atomic<int> runs{0};
  std::promise<void> third;
  scheduler.add({"test.count", "Counts.", 1, [&]() -> Result<std::string> {
                   if (++runs == 3) third.set_value();
                   return std::string("counted");
                 }});
  scheduler.start();
  third.get_future().wait();
  scheduler.stop();
  const int at_stop = runs;
  const JobState state = scheduler.states().at(0);
  EXPECT_EQ(state.runs, at_stop);
  EXPECT_EQ(state.failures, 0);
  EXPECT_EQ(state.last_result, "counted");
}

TEST(Scheduler, AJobThatFailsIsCountedAndTheOthersGoOn) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  scheduler.add({"test.fails", "Fails.", 1, []() -> Result<std::string> {
                   return Error{errors::internal_error, "broken"};
                 }});
  scheduler.add({"test.throws", "Throws.", 1,
                 []() -> Result<std::string> { throw std::runtime_error("thrown"); }});
  std::promise<void> ran;
  std::atomic<bool> once{false};
  scheduler.add({"test.works", "Works.", 2, [&]() -> Result<std::string> {
                   if (!once.exchange(true)) ran.set_value();
                   return std::string();
                 }});
  EXPECT_FALSE(scheduler.run_now("test.fails"));
  EXPECT_FALSE(scheduler.run_now("test.throws"));
  scheduler.start();
  ran.get_future().wait();
  scheduler.stop();
  const auto states = scheduler.states();
  EXPECT_FALSE(states[0].last_ok);
  EXPECT_EQ(states[0].last_result, "broken");
  EXPECT_EQ(states[1].last_result, "thrown");
  EXPECT_GE(states[1].failures, 1);
}

TEST(Scheduler, RunNowKnowsItsJobs) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  EXPECT_FALSE(scheduler.run_now("test.unknown"));
}

TEST(Scheduler, StopsTwiceAndWithoutAStart) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  scheduler.stop();
  scheduler.stop();
}

}  // namespace
}  // namespace florin::jobs
