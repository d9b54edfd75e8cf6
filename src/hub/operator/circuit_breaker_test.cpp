#include "hub/operator/circuit_breaker.h"

#include <gtest/gtest.h>

namespace florin::hub::operators {
namespace {

constexpr Timestamp start{1'732'104'000'000'000};
constexpr CircuitBreaker::Options quick{.failures_to_open = 2, .pause_us = 1'000'000};

void fail(CircuitBreaker& breaker, Timestamp now) {
  const auto permit = breaker.try_pass(now);
  ASSERT_TRUE(permit);
  breaker.report(*permit, false, now);
}

TEST(CircuitBreaker, ASuccessBetweenFailuresKeepsItClosed) {
  CircuitBreaker breaker(quick);
  for (int i = 0; i < 5; ++i) {
    fail(breaker, start);
    breaker.report(*breaker.try_pass(start), true, start);
  }
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::closed);
}

TEST(CircuitBreaker, LetsOneProbePassAfterThePause) {
  CircuitBreaker breaker(quick);
  fail(breaker, start);
  fail(breaker, start);
  EXPECT_FALSE(breaker.try_pass(start.plus_us(999'999)));
  const auto probe = breaker.try_pass(start.plus_seconds(1));
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe);
  EXPECT_FALSE(breaker.try_pass(start.plus_seconds(10))) << "the probe is under way";
  breaker.report(*probe, true, start.plus_seconds(10));
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::closed);
}

TEST(CircuitBreaker, AttemptsFromBeforeDoNotDecideForTheProbe) {
  CircuitBreaker breaker(quick);
  const auto early = breaker.try_pass(start);
  fail(breaker, start);
  fail(breaker, start);
  breaker.report(*early, true, start);
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::open);
  ASSERT_TRUE(breaker.try_pass(start.plus_seconds(1)));
  breaker.report(*early, true, start.plus_seconds(1));
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::half_open);
}

TEST(CircuitBreaker, AProbeGivenBackIsFreeForTheNext) {
  CircuitBreaker breaker(quick);
  fail(breaker, start);
  fail(breaker, start);
  breaker.give_back(*breaker.try_pass(start.plus_seconds(1)));
  const auto probe = breaker.try_pass(start.plus_seconds(1));
  ASSERT_TRUE(probe);
  EXPECT_TRUE(probe->is_probe);
}

TEST(CircuitBreaker, AClockSetBackDoesNotKeepItOpen) {
  CircuitBreaker breaker(quick);
  fail(breaker, start);
  fail(breaker, start);
  EXPECT_TRUE(breaker.try_pass(Timestamp{start.us - 3'600'000'000}));
}

}  // namespace
}  // namespace florin::hub::operators
