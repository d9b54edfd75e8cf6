// Nodes that share values over Redis, and what becomes of the values when it fails.
#include <gtest/gtest.h>

#include <optional>

#include "platform/cache/redis_connection.h"
#include "platform/cache/redis_fixture.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

struct Node {
  explicit Node(const RedisOptions& options)
      : store(ttl_cache_over_redis(options, clock, metrics, 100)) {
    store->start();
  }
  bool is_shared() const { return store->state().is_shared; }
  /// Once it was asked for.
  bool answers_at_a_glance(const std::string& name, const std::string& value) const {
    return wait_until([&] { return store->find(name) && store->find_local(name) == value; });
  }
  bool has_metric(const std::string& line) const {
    return metrics.expose().find(line + "\n") != std::string::npos;
  }

  SystemClock clock;
  metrics::Registry metrics;
  std::unique_ptr<TtlCache> store;
};

class RedisValuesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server";
    server.emplace();
    one.emplace(server->options());
    other.emplace(server->options());
    ASSERT_TRUE(wait_until([&] { return one->is_shared() && other->is_shared(); }));
  }

  void be_without_redis() {
    server->kill();
    ASSERT_TRUE(wait_until([&] { return !one->is_shared() && !other->is_shared(); }));
  }
  void have_redis_back() {
    server->start();
    ASSERT_TRUE(wait_until([&] { return one->is_shared() && other->is_shared(); }));
  }

  RedisAnswer ask(const RedisWords& command) const {
    auto connection = *RedisConnection::open(server->options());
    return connection.exchange({&command, 1})->at(0);
  }

  std::optional<RedisServer> server;
  std::optional<Node> one, other;
};

TEST_F(RedisValuesTest, WhatOneNodePutsTheOtherFinds) {
  one->store->put("a", "text", hour_ms);
  EXPECT_FALSE(other->store->find_local("a"));
  EXPECT_TRUE(other->answers_at_a_glance("a", "text"));
  EXPECT_TRUE(one->has_metric("florin_cache_values_shared 1"));
}

TEST_F(RedisValuesTest, WhatOneNodeErasesEndsOnTheOtherWithinASecond) {
  one->store->put("a", "text", hour_ms);
  EXPECT_EQ(other->store->find("a"), "text");
  one->store->erase("a", hour_ms);
  EXPECT_TRUE(wait_until([&] { return !other->store->find_local("a"); }));
  EXPECT_FALSE(other->store->find("a"));
  other->store->put("a", "again", hour_ms);
  EXPECT_FALSE(one->store->find("a"));
  EXPECT_FALSE(other->store->find("a"));
}

TEST_F(RedisValuesTest, KeysHaveThePrefixAndEndByThemselves) {
  one->store->put("session:x", "text", hour_ms);
  EXPECT_EQ(ask({"GET", "florin:session:x"}).text, "+text");
  const std::int64_t lifetime_ms = ask({"PTTL", "florin:session:x"}).number;
  EXPECT_GT(lifetime_ms, 0);
  EXPECT_LE(lifetime_ms, hour_ms);
  one->store->extend("session:x", 3 * hour_ms);
  EXPECT_GT(ask({"PTTL", "florin:session:x"}).number, 2 * hour_ms);
}

TEST_F(RedisValuesTest, AKilledRedisLeavesEachNodeWhatItKnows) {
  one->store->put("used-here", "1", hour_ms);
  be_without_redis();
  EXPECT_TRUE(one->answers_at_a_glance("used-here", "1"));
  EXPECT_FALSE(other->store->find("used-here"));
  one->store->put("made-meanwhile", "2", hour_ms);
  EXPECT_EQ(one->store->find("made-meanwhile"), "2");
  EXPECT_NE(one->store->state().detail.find("REDIS_HOST"), std::string::npos);
  EXPECT_TRUE(one->has_metric("florin_cache_values_shared 0"));

  have_redis_back();  // Empty.
  EXPECT_EQ(other->store->find("used-here"), "1");
  EXPECT_EQ(other->store->find("made-meanwhile"), "2");
  EXPECT_EQ(one->store->state().detail, "");
}

TEST_F(RedisValuesTest, WhatWasErasedMeanwhileIsNotRevivedByANodeThatDidNotHear) {
  one->store->put("a", "text", hour_ms);
  EXPECT_EQ(other->store->find("a"), "text");
  be_without_redis();
  one->store->erase("a", hour_ms);
  EXPECT_EQ(other->store->find("a"), "text");  // It cannot know.
  have_redis_back();
  EXPECT_FALSE(other->store->find("a"));
  EXPECT_FALSE(one->store->find("a"));
}

TEST_F(RedisValuesTest, ARedisThatForgetsIsToldAgainByWhoeverKnows) {
  one->store->put("a", "text", hour_ms);
  (void)ask({"FLUSHALL"});
  EXPECT_EQ(one->store->find("a"), "text");
  EXPECT_EQ(other->store->find("a"), "text");
}

TEST_F(RedisValuesTest, ARedisThatForgetsItsScriptsIsJoinedAgain) {
  (void)ask({"SCRIPT", "FLUSH"});
  one->store->put("a", "text", hour_ms);
  EXPECT_EQ(one->store->find("a"), "text");
  EXPECT_TRUE(wait_until([&] { return one->is_shared(); }));
  EXPECT_EQ(other->store->find("a"), "text");
}

TEST_F(RedisValuesTest, ARedisThatHangsIsGivenUpOnce) {
  one->store->put("a", "text", hour_ms);
  server->stop_answering();
  EXPECT_EQ(one->store->find("a"), "text");
  EXPECT_FALSE(one->is_shared());
  EXPECT_NE(one->store->state().detail.find("within 1000 ms"), std::string::npos);
  EXPECT_TRUE(one->answers_at_a_glance("a", "text"));
  server->go_on();
  EXPECT_TRUE(wait_until([&] { return one->is_shared(); }));
}

TEST_F(RedisValuesTest, ANodeThatStartsBeforeRedisJoinsLater) {
  server->kill();
  one.emplace(server->options());
  one->store->put("early", "1", hour_ms);
  EXPECT_EQ(one->store->find("early"), "1");
  ASSERT_TRUE(wait_until([&] { return !one->store->state().detail.empty(); }));
  have_redis_back();
  EXPECT_EQ(other->store->find("early"), "1");
}

}  // namespace
}  // namespace florin::cache
