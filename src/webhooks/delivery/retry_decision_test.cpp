#include "webhooks/delivery/retry_decision.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

constexpr Timestamp now{1'700'000'000'000'000};

RetryDecision decision_of(int number, AttemptResponse answer, double jitter = 0) {
  DeliveryPolicy policy;
  policy.retry_delays_ms = {1'000, 5'000};
  return decide(policy, {number, now, jitter}, answer);
}

TEST(RetryDecision, FollowsTheScheduleToItsEnd) {
  EXPECT_EQ(decision_of(1, {200, {}}).state, DeliveryState::delivered);
  EXPECT_EQ(decision_of(1, {500, {}}).next_attempt_at, now.plus_seconds(1));
  EXPECT_EQ(decision_of(2, {{}, {}}).next_attempt_at, now.plus_seconds(5));
  EXPECT_EQ(decision_of(2, {301, {}}, 0.1).next_attempt_at, now.plus_us(5'500'000));
  EXPECT_EQ(decision_of(3, {500, {}}).state, DeliveryState::dead_letter);
}

TEST(RetryDecision, HonoursRetryAfterWithinAnHour) {
  EXPECT_EQ(decision_of(1, {429, 30}).next_attempt_at, now.plus_seconds(30));
  EXPECT_EQ(decision_of(1, {503, 99'999}).paused_until, now.plus_seconds(3'600));
  EXPECT_EQ(decision_of(1, {500, 30}).next_attempt_at, now.plus_seconds(1));
  EXPECT_FALSE(decision_of(1, {500, 30}).paused_until);
}

TEST(RetryDecision, RetryAfterNeverMakesAnAttemptSoonerThanTheSchedule) {
  for (const std::int64_t asked : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-5}, INT64_MIN}) {
    EXPECT_EQ(decision_of(2, {429, asked}).next_attempt_at, now.plus_seconds(5)) << asked;
    EXPECT_EQ(decision_of(2, {503, asked}).next_attempt_at, now.plus_seconds(5)) << asked;
  }
  EXPECT_EQ(decision_of(1, {429, INT64_MAX}).next_attempt_at, now.plus_seconds(3'600));
  EXPECT_FALSE(decision_of(1, {429, 0}).paused_until);
}

TEST(RetryDecision, OnlySomeStatusesMayAskForRest) {
  for (const int status : {429, 503}) {
    EXPECT_EQ(decision_of(1, {status, 60}).paused_until, now.plus_seconds(60)) << status;
    EXPECT_FALSE(decision_of(1, {status, 0}).paused_until) << status;
    EXPECT_FALSE(decision_of(1, {status, -5}).paused_until) << status;
  }
  EXPECT_FALSE(decision_of(1, {500, 60}).paused_until);
  // Asked with the last attempt, it is the endpoint's others that rest.
  const RetryDecision last = decision_of(3, {503, 60});
  EXPECT_EQ(last.state, DeliveryState::dead_letter);
  EXPECT_EQ(last.paused_until, now.plus_seconds(60));
}

TEST(RetryDecision, EveryStatusButSuccessHasAFault) {
  for (const int status : {200, 201, 204, 299}) EXPECT_FALSE(error_of_status(status)) << status;
  for (const int status : {301, 302, 308}) EXPECT_EQ(error_of_status(status), "redirect_refused");
  EXPECT_EQ(error_of_status(410), "gone");
  for (const int status : {100, 400, 404, 429, 500, 503})
    EXPECT_EQ(error_of_status(status), "bad_status");
  EXPECT_TRUE(describe_error("bad_status", 500).ends_with("(HTTP 500)"));
  EXPECT_EQ(describe_error("never heard of", std::nullopt), "there was no complete response");
}

TEST(RetryDecision, GoneIsTheEnd) {
  EXPECT_TRUE(decision_of(1, {410, {}}).is_gone);
  EXPECT_EQ(decision_of(1, {410, {}}).state, DeliveryState::dead_letter);
  EXPECT_EQ(error_of_status(410), "gone");
  EXPECT_EQ(error_of_status(302), "redirect_refused");
  EXPECT_EQ(error_of_status(404), "bad_status");
  EXPECT_FALSE(error_of_status(204));
  EXPECT_EQ(describe_error("bad_status", 503), "the response status is not a success (HTTP 503)");
  EXPECT_EQ(describe_error("closed_early", 200),
            "the connection was closed before the response was complete (HTTP 200)");
  EXPECT_EQ(describe_error("dns_failed", {}), "the name of the host cannot be resolved");
  EXPECT_EQ(describe_error("no_answer", {}), "there was no complete response");
}

}  // namespace
}  // namespace florin::webhooks
