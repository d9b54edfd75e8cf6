#include "platform/jobs/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>

#include "platform/log/log.h"

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

TEST(Scheduler, AFailureIsLoggedWhenItBeginsAndWhenItEnds) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  std::string fault = "broken";
  scheduler.add({"test.fails", "Fails.", 1, [&]() -> Result<std::string> {
                   if (fault.empty()) return std::string();
                   return Error{errors::internal_error, fault};
                 }});
  log::flush();
  testing::internal::CaptureStderr();
  for (const char* now : {"broken", "broken", "broken otherwise", "", "", "broken"}) {
    fault = now;
    EXPECT_EQ(scheduler.run_now("test.fails").has_value(), fault.empty());
  }
  log::flush();
  const std::string text = testing::internal::GetCapturedStderr();
  const auto count = [&](const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("job failed"), 3) << text;
  EXPECT_EQ(count("job works again"), 1) << text;
}

TEST(Scheduler, RunNowKnowsItsJobs) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  EXPECT_FALSE(scheduler.run_now("test.unknown"));
}

TEST(Scheduler, AJobOfOneNodeRunsWhileItIsItsTurn) {
  const SystemClock clock;
  std::atomic<bool> is_our_turn{false};
  std::atomic<int> asked{0}, runs{0}, runs_of_all{0};
  Scheduler scheduler(clock, [&](const std::string& job) {
    EXPECT_EQ(job, "test.alone");
    ++asked;
    return is_our_turn.load();
  });
  std::promise<void> ran;
  scheduler.add({"test.alone", "Runs on one node.", 1,
                 [&]() -> Result<std::string> {
                   if (++runs == 1) ran.set_value();
                   return std::string();
                 },
                 true});
  scheduler.add({"test.everywhere", "Runs on each.", 1, [&]() -> Result<std::string> {
                   if (++runs_of_all == 3) {
                     EXPECT_EQ(runs, 0);
                     is_our_turn = true;
                   }
                   return std::string();
                 }});
  scheduler.start();
  ran.get_future().wait();
  scheduler.stop();
  EXPECT_GT(asked, 1);
  EXPECT_TRUE(scheduler.states().at(0).alone);
  EXPECT_FALSE(scheduler.states().at(1).alone);
}

TEST(Scheduler, StopsTwiceAndWithoutAStart) {
  const SystemClock clock;
  Scheduler scheduler(clock);
  scheduler.stop();
  scheduler.stop();
}

}  // namespace
}  // namespace florin::jobs
