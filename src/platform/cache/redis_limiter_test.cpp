// Nodes that share a Redis, and what happens to them when it fails. Periods are long where tokens
// are counted, so that none comes back while a test runs.
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <optional>

#include "platform/cache/errors.h"
#include "platform/cache/redis_fixture.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t hour_us = 3'600 * second_us;
constexpr Limit plenty{.tokens = 1'000'000, .period_us = second_us};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// What one process has.
struct Node {
  explicit Node(const RedisOptions& options)
      : limiter(limiter_over_redis(options, clock, metrics)) {
    limiter->start();
  }
  bool is_shared() const { return limiter->state().is_shared; }
  bool has_metric(const std::string& line) const { return has(metrics.expose(), line + "\n"); }
  Taken take(RateLimit& limit) const { return limit.take(clock.now()); }
  /// How many of `count` tokens were given.
  int take_many(RateLimit& limit, int count) const {
    int taken = 0;
    for (int i = 0; i < count; ++i) taken += take(limit) ? 1 : 0;
    return taken;
  }

  SystemClock clock;
  metrics::Registry metrics;
  std::unique_ptr<RateLimiter> limiter;
};

class RedisLimiterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server";
    server.emplace();
  }

  /// A whole number that Redis answers.
  std::int64_t ask(const std::string& command) {
    redisContext* context = redisConnect("127.0.0.1", server->options().port);
    auto* reply = static_cast<redisReply*>(redisCommand(context, command.c_str()));
    const std::int64_t answer = reply->integer;
    freeReplyObject(reply);
    redisFree(context);
    return answer;
  }

  std::optional<RedisServer> server;
};

TEST_F(RedisLimiterTest, TwoNodesTogetherKeepOneLimit) {
  Node one(server->options());
  Node other(server->options());
  ASSERT_TRUE(wait_until([&] { return one.is_shared() && other.is_shared(); }));
  constexpr Limit limit{.tokens = 200, .period_us = hour_us, .max_ahead = 10};
  const auto first = one.limiter->limit("both", limit);
  const auto second = other.limiter->limit("both", limit);

  int admitted = 0;
  ASSERT_TRUE(wait_until([&] {
    const Taken a = one.take(*first);
    const Taken b = other.take(*second);
    admitted += (a ? 1 : 0) + (b ? 1 : 0);
    // Pauses for a settlement are short; that of an empty bucket is 18 s or more.
    return a.wait_us > second_us && b.wait_us > second_us;
  }));
  EXPECT_GE(admitted, limit.tokens);
  EXPECT_LE(admitted, limit.tokens + 2 * limit.max_ahead);
}

TEST_F(RedisLimiterTest, WhatNodesOverspentIsOwed) {
  Node one(server->options());
  Node other(server->options());
  ASSERT_TRUE(wait_until([&] { return one.is_shared() && other.is_shared(); }));
  constexpr Limit limit{.tokens = 5, .period_us = hour_us};
  const auto first = one.limiter->limit("burst", limit);
  const auto second = other.limiter->limit("burst", limit);
  const int admitted = one.take_many(*first, 5) + other.take_many(*second, 5);

  // As long as the next token and all that were too many take to come.
  const std::int64_t full_wait_us = (admitted - limit.tokens + 1) * (hour_us / limit.tokens);
  const std::int64_t slack_us = 120 * second_us;
  EXPECT_TRUE(wait_until([&] {
    const std::int64_t wait_us = std::max(one.take(*first).wait_us, other.take(*second).wait_us);
    return wait_us <= full_wait_us && wait_us > full_wait_us - slack_us;
  }));
}

TEST_F(RedisLimiterTest, KeysHaveThePrefixAndEndByThemselves) {
  RedisOptions options = server->options();
  options.prefix = "casino:";
  Node node(options);
  ASSERT_TRUE(wait_until([&] { return node.is_shared(); }));
  const auto limit = node.limiter->limit("key:a", {.tokens = 2, .period_us = hour_us});
  EXPECT_TRUE(node.take(*limit));
  ASSERT_TRUE(wait_until([&] { return ask("EXISTS casino:limit:key:a") == 1; }));
  EXPECT_EQ(ask("DBSIZE"), 1);
  const std::int64_t lifetime_ms = ask("PTTL casino:limit:key:a");
  EXPECT_GT(lifetime_ms, 0);
  EXPECT_LE(lifetime_ms, hour_us / 1'000);
}

TEST_F(RedisLimiterTest, AKilledRedisLeavesLimitsPerNodeUntilItIsBack) {
  Node node(server->options());
  ASSERT_TRUE(wait_until([&] { return node.is_shared(); }));
  EXPECT_TRUE(node.has_metric("florin_cache_redis_up 1"));
  const auto busy = node.limiter->limit("busy", plenty);
  const auto scarce = node.limiter->limit("scarce", {.tokens = 3, .period_us = hour_us});

  server->kill();
  int refused = 0;
  ASSERT_TRUE(wait_until([&] {
    refused += node.take(*busy) ? 0 : 1;
    return !node.is_shared();
  }));
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(node.take_many(*busy, 100), 100);
  EXPECT_EQ(node.take_many(*scarce, 5), 3);
  ASSERT_TRUE(wait_until([&] { return !node.limiter->state().detail.empty(); }));
  EXPECT_TRUE(has(node.limiter->state().detail, "REDIS_HOST")) << node.limiter->state().detail;
  EXPECT_TRUE(node.has_metric("florin_cache_redis_up 0"));
  EXPECT_FALSE(node.has_metric("florin_cache_redis_faults_total 0"));

  server->start();
  EXPECT_TRUE(wait_until([&] { return node.is_shared(); }));
  EXPECT_EQ(node.limiter->state().detail, "");
  EXPECT_TRUE(node.has_metric("florin_cache_redis_up 1"));
  // What was taken meanwhile was the node's own; from now on it is everybody's again.
  EXPECT_TRUE(node.take(*busy));
  EXPECT_TRUE(wait_until([&] { return ask("EXISTS florin:limit:busy") == 1; }));
}

TEST_F(RedisLimiterTest, ARedisThatHangsDelaysNothing) {
  Node node(server->options());
  ASSERT_TRUE(wait_until([&] { return node.is_shared(); }));
  const auto limit = node.limiter->limit("busy", plenty);
  EXPECT_TRUE(node.take(*limit));
  server->stop_answering();
  // Were a request to wait for Redis, the first would wait until the limiter has given it up.
  int taken = 0;
  int refused = 0;
  ASSERT_TRUE(wait_until([&] {
    const bool is_taken = static_cast<bool>(node.take(*limit));
    taken += is_taken ? 1 : 0;
    refused += is_taken ? 0 : 1;
    return !node.is_shared();
  }));
  EXPECT_GT(taken, 10);
  EXPECT_EQ(refused, 0);
  EXPECT_TRUE(wait_until([&] { return has(node.limiter->state().detail, "within 1000 ms"); }));
  server->go_on();
  EXPECT_TRUE(wait_until([&] { return node.is_shared(); }));
}

TEST_F(RedisLimiterTest, ANodeThatStartsBeforeRedisJoinsLater) {
  server->kill();
  Node node(server->options());
  const auto limit = node.limiter->limit("early", {.tokens = 1, .period_us = hour_us});
  EXPECT_TRUE(node.take(*limit));
  EXPECT_FALSE(node.take(*limit));
  ASSERT_TRUE(wait_until([&] { return has(node.limiter->state().detail, "REDIS_PORT"); }));
  server->start();
  EXPECT_TRUE(wait_until([&] { return node.is_shared(); }));
}

TEST_F(RedisLimiterTest, AWrongPasswordNamesTheSettingAndStaysSecret) {
  server.emplace(std::vector<std::string>{"--requirepass", "geheim-und-lang"});
  RedisOptions options = server->options();
  EXPECT_EQ(check_redis(options).error().code, errors::redis_refused);
  options.password = Secret("falsch-und-lang");
  const auto refused = check_redis(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::redis_refused);
  Node node(options);
  ASSERT_TRUE(wait_until([&] { return has(node.limiter->state().detail, "REDIS_PASSWORD"); }));
  for (const std::string& text : {refused.error().detail, node.limiter->state().detail}) {
    EXPECT_TRUE(has(text, "REDIS_PASSWORD")) << text;
    EXPECT_FALSE(has(text, "lang")) << text;
  }
  options.password = Secret("geheim-und-lang");
  EXPECT_TRUE(check_redis(options));
}

TEST_F(RedisLimiterTest, APasswordForARedisWithoutOneIsRefused) {
  RedisOptions options = server->options();
  options.password = Secret("geheim-und-lang");
  const auto refused = check_redis(options);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(has(refused.error().detail, "REDIS_PASSWORD")) << refused.error().detail;
}

TEST_F(RedisLimiterTest, ADatabaseThatIsNotThereNamesTheSetting) {
  RedisOptions options = server->options();
  options.database = 99;
  const auto refused = check_redis(options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::redis_refused);
  EXPECT_TRUE(has(refused.error().detail, "REDIS_DATABASE")) << refused.error().detail;
  options.database = 3;
  EXPECT_TRUE(check_redis(options));
}

TEST_F(RedisLimiterTest, AUserWhoMayNotRunTheScriptIsNoticedAtOnce) {
  server.emplace(
      std::vector<std::string>{"--user", "default", "on", "nopass", "~*", "+@all", "-evalsha"});
  const auto refused = check_redis(server->options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::redis_refused);
  EXPECT_TRUE(has(refused.error().detail, "NOPERM")) << refused.error().detail;
}

TEST_F(RedisLimiterTest, TheRightsThatTheManualNamesAreEnough) {
  // docs/redis.md.
  server.emplace(std::vector<std::string>{
      "--user",  "default",      "on",       "nopass", "~florin:*", "-@all", "+auth",
      "+select", "+script|load", "+evalsha", "+ping",  "+info",     "+time", "+hmget",
      "+hset",   "+pexpire",     "+del",     "+get",   "+set",      "+pttl"});
  const auto found = check_redis(server->options());
  EXPECT_TRUE(found) << found.error().detail;
}

TEST_F(RedisLimiterTest, AFullRedisIsNoticedAtOnce) {
  server.emplace(std::vector<std::string>{"--maxmemory", "1"});
  const auto refused = check_redis(server->options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::redis_refused);
}

TEST_F(RedisLimiterTest, ACheckTellsVersionAndRoundTrip) {
  const auto found = check_redis(server->options());
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_TRUE(has(found->version, ".")) << found->version;
  EXPECT_GT(found->round_trip_us, 0);
  EXPECT_EQ(ask("DBSIZE"), 0);
}

TEST_F(RedisLimiterTest, NobodyThereIsUnavailable) {
  server->kill();
  const auto refused = check_redis(server->options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::redis_unavailable);
  EXPECT_TRUE(has(refused.error().detail, "REDIS_HOST")) << refused.error().detail;
}

}  // namespace
}  // namespace florin::cache
