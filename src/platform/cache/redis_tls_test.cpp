// TLS and named users, against a redis-server with certificates of a private authority.
#include <gtest/gtest.h>

#include <optional>

#include "platform/cache/errors.h"
#include "platform/cache/redis_fixture.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class RedisTlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_installed()) GTEST_SKIP() << "there is no redis-server";
    authority.certify("server", "IP:127.0.0.1,DNS:localhost");
  }

  void start(const std::string& certificate = "server", const std::string& asks_for_ours = "no") {
    server.emplace(std::vector<std::string>{"--tls-cert-file", authority.file(certificate + ".pem"),
                                            "--tls-key-file", authority.file(certificate + ".key"),
                                            "--tls-ca-cert-file", authority.file("ca.pem"),
                                            "--tls-auth-clients", asks_for_ours});
  }

  RedisOptions options() const {
    RedisOptions options = server->options();
    options.tls.is_on = true;
    options.tls.ca_file = authority.file("ca.pem");
    return options;
  }

  /// The detail of a refusal.
  static std::string refusal(const RedisOptions& options) {
    const auto found = check_redis(options);
    if (found) return "accepted";
    EXPECT_EQ(found.error().code, errors::redis_refused) << found.error().detail;
    return found.error().detail;
  }

  TestAuthority authority;
  std::optional<RedisServer> server;
};

TEST_F(RedisTlsTest, WorksForLimitsAndValues) {
  start();
  const auto found = check_redis(options());
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_TRUE(found->is_encrypted);

  const SystemClock clock;
  metrics::Registry metrics;
  const auto limiter = limiter_over_redis(options(), clock, metrics);
  const auto values = ttl_cache_over_redis(options(), clock, metrics, 100);
  limiter->start();
  values->start();
  ASSERT_TRUE(wait_until([&] { return limiter->state().is_shared && values->state().is_shared; }));
  const std::string longer_than_one_record(100'000, 'x');
  values->put("a", longer_than_one_record, 3'600'000);
  EXPECT_EQ(values->find("a"), longer_than_one_record);
  EXPECT_TRUE(values->state().is_shared);
}

TEST_F(RedisTlsTest, AnotherAuthorityIsRefused) {
  start();
  const TestAuthority stranger;
  RedisOptions strange = options();
  strange.tls.ca_file = stranger.file("ca.pem");
  EXPECT_TRUE(has(refusal(strange), "REDIS_TLS_CA_FILE")) << refusal(strange);
  strange.tls.ca_file = "";  // The system's.
  EXPECT_TRUE(has(refusal(strange), "REDIS_TLS_CA_FILE")) << refusal(strange);
}

TEST_F(RedisTlsTest, ACertificateForAnotherHostIsRefused) {
  authority.certify("elsewhere", "DNS:elsewhere.example,IP:10.1.2.3");
  start("elsewhere");
  EXPECT_TRUE(has(refusal(options()), "REDIS_HOST")) << refusal(options());
  RedisOptions by_name = options();
  by_name.host = "localhost";
  EXPECT_TRUE(has(refusal(by_name), "REDIS_HOST")) << refusal(by_name);
  start();
  by_name = options();
  by_name.host = "localhost";
  EXPECT_TRUE(check_redis(by_name));
}

TEST_F(RedisTlsTest, FilesThatAreNoneAreNamed) {
  start();
  RedisOptions broken = options();
  broken.tls.ca_file = authority.file("nothing.pem");
  EXPECT_TRUE(has(refusal(broken), "nothing.pem")) << refusal(broken);
  EXPECT_TRUE(has(refusal(broken), "REDIS_TLS_CA_FILE")) << refusal(broken);
  broken = options();
  broken.tls.certificate_file = broken.tls.key_file = authority.file("ca.pem");
  EXPECT_TRUE(has(refusal(broken), "REDIS_TLS_KEY_FILE")) << refusal(broken);
}

TEST_F(RedisTlsTest, ARedisThatAsksForOurCertificateIsShownIt) {
  start("server", "yes");
  EXPECT_TRUE(has(refusal(options()), "REDIS_TLS_CERT_FILE")) << refusal(options());
  authority.certify("florin", "DNS:florin");
  RedisOptions known = options();
  known.tls.certificate_file = authority.file("florin.pem");
  known.tls.key_file = authority.file("florin.key");
  const auto found = check_redis(known);
  EXPECT_TRUE(found) << found.error().detail;
}

TEST_F(RedisTlsTest, PlainTextWhereTlsIsSpokenAndTheOtherWayRoundFail) {
  start();
  RedisOptions plain = options();
  plain.tls.is_on = false;
  EXPECT_FALSE(check_redis(plain));
  server.emplace();
  const auto refused = check_redis(options());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(has(refused.error().detail, "REDIS_TLS")) << refused.error().detail;
}

TEST_F(RedisTlsTest, ANamedUserLogsInWithItsPassword) {
  server.emplace(std::vector<std::string>{"--user", "florin", "on", ">geheim-und-lang", "~florin:*",
                                          "+@all", "--user", "default", "off"});
  RedisOptions options = server->options();
  options.password = Secret("geheim-und-lang");
  EXPECT_TRUE(has(refusal(options), "REDIS_USER")) << refusal(options);
  options.user = "florin";
  const auto found = check_redis(options);
  EXPECT_TRUE(found) << found.error().detail;
  EXPECT_FALSE(found->is_encrypted);
  options.password = Secret("falsch-und-lang");
  EXPECT_TRUE(has(refusal(options), "REDIS_PASSWORD")) << refusal(options);
}

}  // namespace
}  // namespace florin::cache
