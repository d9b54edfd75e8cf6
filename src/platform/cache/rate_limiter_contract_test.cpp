// What holds of every limiter, in memory and over Redis. Periods are long, so that no token comes
// back while a test runs, however slow the machine is.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "platform/cache/rate_limiter.h"
#include "platform/cache/redis_fixture.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

constexpr std::int64_t hour_us = 3'600'000'000;

enum class Kind { memory, redis };

class LimiterContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::memory) {
      limiter = limiter_in_memory();
      return;
    }
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server";
    server.emplace();
    limiter = limiter_over_redis(server->options(), clock, metrics);
    limiter->start();
    ASSERT_TRUE(wait_until([&] { return limiter->state().is_shared; }));
  }

  Taken take(RateLimit& limit) const { return limit.take(clock.now()); }

  SystemClock clock;
  metrics::Registry metrics;
  std::optional<RedisServer> server;
  std::unique_ptr<RateLimiter> limiter;
};

TEST_P(LimiterContract, HandsOutABucketAndThenSaysHowLongToWait) {
  const auto limit = limiter->limit("a", {.tokens = 3, .period_us = hour_us});
  for (std::int64_t left = 2; left >= 0; --left) {
    const Taken taken = take(*limit);
    EXPECT_TRUE(taken);
    EXPECT_EQ(taken.remaining, left);
  }
  const Taken fourth = take(*limit);
  EXPECT_FALSE(fourth);
  EXPECT_EQ(fourth.remaining, 0);
  EXPECT_GT(fourth.wait_us, 0);
  EXPECT_LE(fourth.wait_us, hour_us / 3);
}

TEST_P(LimiterContract, NamesHaveBucketsOfTheirOwn) {
  const auto one = limiter->limit("one", {.tokens = 1, .period_us = hour_us});
  const auto other = limiter->limit("other", {.tokens = 1, .period_us = hour_us});
  EXPECT_TRUE(take(*one));
  EXPECT_FALSE(take(*one));
  EXPECT_TRUE(take(*other));
}

TEST_P(LimiterContract, FillsAgain) {
  const auto limit = limiter->limit("quick", {.tokens = 2, .period_us = 2'000});
  EXPECT_TRUE(take(*limit));
  EXPECT_TRUE(take(*limit));
  EXPECT_TRUE(wait_until([&] { return static_cast<bool>(take(*limit)); }));
}

TEST_P(LimiterContract, ThreadsTogetherGetNoMoreThanThereIs) {
  const auto limit = limiter->limit("crowd", {.tokens = 1'000, .period_us = hour_us});
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) admitted += take(*limit) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 1'000);
}

INSTANTIATE_TEST_SUITE_P(Limiters, LimiterContract, testing::Values(Kind::memory, Kind::redis),
                         [](const auto& kind) {
                           return kind.param == Kind::memory ? "memory" : "redis";
                         });

}  // namespace
}  // namespace florin::cache
