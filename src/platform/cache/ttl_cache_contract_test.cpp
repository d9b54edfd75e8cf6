// What holds of every cache with lifetimes, in memory and over Redis, by real time.
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "platform/cache/redis_fixture.h"
#include "platform/cache/ttl_cache.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

enum class Kind { memory, redis };

class TtlCacheContract : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::memory) {
      store = ttl_cache_in_memory(clock, max_values);
      return;
    }
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server";
    server.emplace();
    store = ttl_cache_over_redis(server->options(), clock, metrics, max_values);
    store->start();
    ASSERT_TRUE(wait_until([&] { return store->state().is_shared; }));
  }

  static constexpr std::size_t max_values = 1'000;
  SystemClock clock;
  metrics::Registry metrics;
  std::optional<RedisServer> server;
  std::unique_ptr<TtlCache> store;
};

TEST_P(TtlCacheContract, FindsWhatWasPut) {
  EXPECT_FALSE(store->find("a"));
  EXPECT_FALSE(store->find_local("a"));
  store->put("a", "one", hour_ms);
  EXPECT_EQ(store->find("a"), "one");
  EXPECT_TRUE(wait_until([&] { return store->find("a") && store->find_local("a") == "one"; }));
  EXPECT_FALSE(store->find("b"));
  store->put("a", "", hour_ms);
  EXPECT_EQ(store->find("a"), "");
}

TEST_P(TtlCacheContract, ForgetsAfterItsTime) {
  store->put("brief", "x", 1);
  EXPECT_TRUE(wait_until([&] { return !store->find("brief") && !store->find_local("brief"); }));
}

TEST_P(TtlCacheContract, AnExtensionCountsFromNow) {
  store->put("a", "x", hour_ms);
  store->extend("a", 2 * hour_ms);
  EXPECT_EQ(store->find("a"), "x");
  store->extend("a", 1);
  EXPECT_TRUE(wait_until([&] { return !store->find("a"); }));
}

TEST_P(TtlCacheContract, WhatIsNotThereIsNotExtended) {
  store->extend("nobody", hour_ms);
  EXPECT_FALSE(store->find("nobody"));
}

TEST_P(TtlCacheContract, WhatWasErasedStaysErased) {
  store->put("a", "one", hour_ms);
  store->erase("a", hour_ms);
  EXPECT_FALSE(store->find("a"));
  EXPECT_FALSE(store->find_local("a"));
  store->extend("a", hour_ms);
  store->put("a", "two", hour_ms);
  EXPECT_FALSE(store->find("a"));
  store->erase("never-there", hour_ms);
  EXPECT_FALSE(store->find("never-there"));
}

TEST_P(TtlCacheContract, ThreadsMayUseItTogether) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string name = std::to_string(t) + ":" + std::to_string(i);
        store->put(name, name, hour_ms);
        EXPECT_EQ(store->find(name), name);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(Stores, TtlCacheContract, testing::Values(Kind::memory, Kind::redis),
                         [](const auto& kind) {
                           return kind.param == Kind::memory ? "memory" : "redis";
                         });

TEST(TtlCacheInMemory, AFullStoreLosesWhatWouldEndFirst) {
  const FakeClock clock;
  const auto store = ttl_cache_in_memory(clock, 2);
  store->put("long", "1", 3'000);
  store->put("short", "2", 1'000);
  store->put("middle", "3", 2'000);
  EXPECT_EQ(store->find("long"), "1");
  EXPECT_EQ(store->find("middle"), "3");
  EXPECT_FALSE(store->find("short"));
}

TEST(TtlCacheInMemory, LivesLongerWhenExtended) {
  FakeClock clock;
  const auto store = ttl_cache_in_memory(clock, 10);
  store->put("a", "1", 2'000);
  clock.advance_seconds(1);
  store->extend("a", 2'000);
  clock.advance_seconds(1);
  EXPECT_EQ(store->find("a"), "1");
  clock.advance_seconds(1);
  EXPECT_FALSE(store->find("a"));
}

TEST(TtlCacheInMemory, AFoundValueIsLocalForASecond) {
  FakeClock clock;
  const auto store = ttl_cache_in_memory(clock, 10);
  store->put("a", "1", 60'000);
  EXPECT_EQ(store->find_local("a"), "1");
  clock.advance_seconds(1);
  EXPECT_FALSE(store->find_local("a"));
  EXPECT_EQ(store->find("a"), "1");
  EXPECT_EQ(store->find_local("a"), "1");
  clock.advance_seconds(-2);
  EXPECT_FALSE(store->find_local("a"));
}

TEST(TtlCacheInMemory, WhatHasEndedMakesRoom) {
  FakeClock clock;
  const auto store = ttl_cache_in_memory(clock, 1);
  store->put("first", "1", 1'000);
  clock.advance_seconds(1);
  store->put("second", "2", 1'000);
  EXPECT_FALSE(store->find("first"));
  EXPECT_EQ(store->find("second"), "2");
}

}  // namespace
}  // namespace florin::cache
