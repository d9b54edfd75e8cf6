#include "webhooks/delivery/endpoint_queue.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

constexpr Timestamp start{1'700'000'000'000'000};

class Queue : public testing::Test {
 protected:
  Queue() {
    endpoint.policy.max_concurrency = 2;
    queue.set_endpoint(endpoint);
    queue.refilled();
  }
  void push(std::int64_t id, Timestamp due = start) {
    PendingDelivery pending;
    pending.delivery.id = {id};
    pending.delivery.next_attempt_at = due;
    queue.push(std::move(pending));
  }
  std::int64_t take(Timestamp now = start) {
    const auto taken = queue.take(now);
    return taken ? taken->delivery.id.value : 0;
  }
  /// It answers well once.
  void prove() {
    push(1'000);
    EXPECT_EQ(take(), 1'000);
    queue.on_completed(true);
  }
  void limit_rate(std::int64_t per_second) {
    endpoint.policy.rate_limit_per_second = per_second;
    endpoint.policy.max_concurrency = 64;
    queue.set_endpoint(endpoint);
  }

  Endpoint endpoint;
  EndpointQueue queue;
};

TEST_F(Queue, GivesWhatIsDueInOrderUpToItsConcurrency) {
  push(3, start.plus_us(3));
  push(1, start.plus_us(1));
  push(2, start.plus_us(2));
  EXPECT_EQ(take(start), 0);
  EXPECT_EQ(queue.next_check(start), start.plus_us(1));
  EXPECT_EQ(take(start.plus_us(9)), 1);
  EXPECT_EQ(take(start.plus_us(9)), 2);
  EXPECT_EQ(take(start.plus_us(9)), 0);
  EXPECT_EQ(queue.next_check(start.plus_us(9)), EndpointQueue::never);
  queue.on_completed(true);
  EXPECT_EQ(take(start.plus_us(9)), 3);
}

TEST_F(Queue, TakesNothingTwiceUntilItIsSettled) {
  push(1);
  push(1);
  EXPECT_EQ(take(), 1);
  push(1);
  queue.on_completed(false);
  EXPECT_EQ(take(), 0);
  queue.on_recorded({1});
  push(1);
  EXPECT_EQ(take(), 1);
}

TEST_F(Queue, KeepsTheSoonestAndRemembersThatTheStoreHasMore) {
  for (std::size_t i = 0; i < EndpointQueue::max_waiting; ++i)
    push(static_cast<std::int64_t>(i) + 10, start.plus_seconds(100));
  push(1, start);
  EXPECT_EQ(queue.free_places(), 0u);
  EXPECT_EQ(take(), 1);
  EXPECT_FALSE(queue.needs_refill(start));
  // Only later ones are here; what the store has by then may be due before them.
  EXPECT_TRUE(queue.needs_refill(start.plus_seconds(100)) ||
              queue.next_check(start) <= start.plus_seconds(100));
}

TEST_F(Queue, AFullQueueOfLaterAttemptsDoesNotHideWhatIsDue) {
  for (std::size_t i = 0; i < EndpointQueue::max_waiting; ++i)
    push(static_cast<std::int64_t>(i) + 10, start.plus_seconds(100));
  queue.expect_stored(start);
  EXPECT_TRUE(queue.needs_refill(start));
  EXPECT_EQ(queue.next_check(start), start);
}

TEST_F(Queue, RestsWhenAskedTo) {
  push(1);
  queue.pause_until(start.plus_seconds(5));
  EXPECT_EQ(take(), 0);
  EXPECT_EQ(queue.next_check(start), start.plus_seconds(5));
  EXPECT_EQ(take(start.plus_seconds(5)), 1);
}

TEST_F(Queue, KeepsItsRate) {
  prove();
  limit_rate(10);
  for (int i = 1; i <= 30; ++i) push(i);
  int taken = 0;
  while (take() != 0) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(queue.next_check(start), start.plus_us(100'000));
  EXPECT_NE(take(start.plus_us(100'000)), 0);
  EXPECT_EQ(take(start.plus_us(100'000)), 0);
}

// Else the dispatcher would check again and again until the rate allows the next one.
TEST_F(Queue, RestsUntilTheRateAllowsTheNextAlsoWhereTheStoreHasEarlierOnes) {
  prove();
  limit_rate(10);
  for (int i = 1; i <= 300; ++i) push(i);
  while (take() != 0) {
  }
  queue.expect_stored(start.plus_seconds(-1));
  EXPECT_FALSE(queue.needs_refill(start));
  EXPECT_EQ(queue.next_check(start), start.plus_us(100'000));
}

TEST_F(Queue, AnEndpointThatHasNotAnsweredYetGetsTwoAttemptsAtATime) {
  endpoint.policy.max_concurrency = 8;
  queue.set_endpoint(endpoint);
  for (int i = 1; i <= 8; ++i) push(i);
  EXPECT_NE(take(), 0);
  EXPECT_NE(take(), 0);
  EXPECT_EQ(take(), 0);
  queue.on_completed(true);
  EXPECT_FALSE(queue.is_limited());
  int taken = 0;
  while (take() != 0) ++taken;
  EXPECT_EQ(taken, 6);
}

TEST_F(Queue, AnEndpointThatKeepsFailingIsTriedOneAtATimeUntilItAnswers) {
  for (int i = 1; i <= 8; ++i) push(i);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(take(), 0);
    queue.on_completed(false);
  }
  EXPECT_TRUE(queue.is_limited());
  EXPECT_NE(take(), 0);
  EXPECT_EQ(take(), 0);
  queue.on_completed(true);
  EXPECT_NE(take(), 0);
  EXPECT_NE(take(), 0);
}

TEST_F(Queue, ADisabledEndpointGivesNothing) {
  push(1);
  endpoint.status = EndpointStatus::disabled;
  queue.set_endpoint(endpoint);
  EXPECT_EQ(take(), 0);
  EXPECT_EQ(queue.next_check(start), EndpointQueue::never);
}

}  // namespace
}  // namespace florin::webhooks
