// What the gateways ask of the limiter: all nodes must mean the same limit.
#include "hub/operator/gateway.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/clock.h"
#include "hub/operator/operator_client.h"
#include "platform/cache/rate_limiter.h"
#include "platform/metrics/metrics.h"

namespace florin::hub::operators {
namespace {

/// A limiter that remembers what was asked for, and whose limits say what the test wants.
class ScriptedLimiter final : public cache::RateLimiter {
 public:
  struct Asked {
    std::string name;
    cache::Limit limit;
  };

  std::shared_ptr<cache::RateLimit> limit(std::string_view name,
                                          const cache::Limit& limit) override {
    asked.push_back({std::string(name), limit});
    return std::make_shared<Scripted>(wait_us);
  }
  void start() override {}
  cache::Sharing state() const override { return {}; }

  std::vector<Asked> asked;
  std::int64_t wait_us = 0;

 private:
  struct Scripted final : cache::RateLimit {
    explicit Scripted(std::int64_t us) : wait(us) {}
    cache::Taken take(Timestamp) override { return {wait, 0}; }
    const std::int64_t wait;
  };
};

struct GatewayTest : testing::Test {
  GatewayTest() {
    target.partner = PartnerId{1};
    target.settings.base_url = "http://127.0.0.1:1";
  }
  const ScriptedLimiter::Asked& asked_with(std::int64_t rate_per_minute) {
    target.settings.rate_per_minute = rate_per_minute;
    gateways.of(target);
    return limiter.asked.back();
  }

  FakeClock clock;
  metrics::Registry metrics;
  ScriptedLimiter limiter;
  Gateways gateways{metrics, limiter};
  Target target;
};

TEST_F(GatewayTest, TheLimitIsNamedAfterThePartnerAndNoNodeRunsFarAhead) {
  const auto& usual = asked_with(60);
  EXPECT_EQ(usual.name, "operator:" + target.partner.str());
  EXPECT_EQ(usual.limit.tokens, 60);
  EXPECT_EQ(usual.limit.period_us, 60'000'000);
  EXPECT_EQ(usual.limit.max_ahead, 6);
  EXPECT_EQ(asked_with(3).limit.max_ahead, 1);
}

TEST_F(GatewayTest, WithoutARateThereIsNoLimit) {
  target.settings.rate_per_minute = 0;
  const auto gateway = gateways.of(target);
  EXPECT_TRUE(limiter.asked.empty());
  EXPECT_TRUE(
      std::holds_alternative<CircuitBreaker::Permit>(gateway->authenticate(clock.now(), false)));
}

TEST_F(GatewayTest, ACallThatFindsNoTokenIsToldHowLongToWait) {
  limiter.wait_us = 5'000;
  const auto admission = gateways.of(target)->authenticate(clock.now(), false);
  ASSERT_TRUE(std::holds_alternative<Gateway::Wait>(admission));
  EXPECT_EQ(std::get<Gateway::Wait>(admission).us, 5'000);
}

}  // namespace
}  // namespace florin::hub::operators
