#include "app/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <tuple>

#include "app/exposure.h"
#include "hub/settings.h"

namespace florin::app {
namespace {

/// A settings file that goes with the test.
class SettingsFile {
 public:
  explicit SettingsFile(const std::string& text)
      : path_((std::filesystem::temp_directory_path() /
               ("florin-config-" + std::to_string(::getpid()) + ".toml"))
                  .string()) {
    std::ofstream(path_) << text;
  }
  ~SettingsFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Config, LaterSourcesWin) {
  const SettingsFile file("[http]\nio_threads = 2\nworker_threads = 2\nmax_queued = 2\n");
  ConfigSources sources;
  sources.file = file.path();
  sources.environment = {{"FLORIN_HTTP_WORKER_THREADS", "3"}, {"FLORIN_HTTP_MAX_QUEUED", "3"}};
  sources.flags = {{"http.max_queued", "4"}};
  const LoadedConfig loaded = *load_config(sources);
  EXPECT_EQ(loaded.config.http.io_threads, 2);
  EXPECT_EQ(loaded.config.http.worker_threads, 3);
  EXPECT_EQ(loaded.config.http.max_queued, 4);
  EXPECT_EQ(loaded.origin.at("http.max_connections"), "default");
  EXPECT_EQ(loaded.origin.at("http.io_threads"), "file");
  EXPECT_EQ(loaded.origin.at("http.max_queued"), "flag");
}

std::string refusal(const ConfigSources& sources) {
  const auto loaded = load_config(sources);
  if (loaded) return "accepted";
  EXPECT_EQ(loaded.error().code, errors::invalid_configuration);
  return loaded.error().detail;
}

TEST(Config, WhatIsWrongIsNamedWithItsPlaceAndRule) {
  const SettingsFile unknown("[http]\nio_treads = 2\n");
  EXPECT_NE(refusal({unknown.path(), {}, {}})
                .find("line 2: there is no setting http.io_treads; did you mean http.io_threads?"),
            std::string::npos);
  const SettingsFile broken("[http\n");
  EXPECT_NE(refusal({broken.path(), {}, {}}).find("line 1"), std::string::npos);
  EXPECT_EQ(refusal({"/no/such/file.toml", {}, {}}).find("/no/such/file.toml: "), 0U);
  EXPECT_EQ(refusal({std::nullopt, {{"FLORIN_HTTP_IO_THREADS", "0"}}, {}}),
            "http.io_threads (from FLORIN_HTTP_IO_THREADS) must be a whole number from 1 to 64");
  for (const char* listen : {"8000", ":8000", "host:", "host:70000", "host:x"}) {
    EXPECT_NE(refusal({std::nullopt, {}, {{"http.listen", listen}}}).find("HOST:PORT"),
              std::string::npos)
        << listen;
  }
  EXPECT_NE(refusal({std::nullopt, {}, {{"log.level", "loud"}}}).find("debug, info, warn"),
            std::string::npos);
  EXPECT_NE(refusal({std::nullopt, {}, {{"http.access_log", "yes"}}}).find("true or false"),
            std::string::npos);
  EXPECT_NE(refusal({std::nullopt, {}, {{"data.dir", ""}}}).find("empty"), std::string::npos);
}

TEST(Config, AnEmptyVariableCountsAsNotSet) {
  for (const Setting& setting : settings()) {
    const std::string env(setting.env);
    const auto loaded = load_config({std::nullopt, {{env, ""}}, {}});
    ASSERT_TRUE(loaded) << env << ": " << loaded.error().detail;
    EXPECT_EQ(loaded->origin.at(std::string(setting.key)), "default") << env;
    EXPECT_EQ(setting.get(loaded->config), setting.get(Config())) << env;
  }
}

TEST(Config, WeakSecretsAreRefusedByTheRuleOfTheApi) {
  for (const std::string env :
       {"HMAC_SECRET", "OPERATOR_HMAC_SECRET", "WEBHOOK_SECRET", "ENCRYPTION_KEY"}) {
    for (const std::string weak : {"a", "fifteen bytes.."}) {
      const std::string refused = refusal({std::nullopt, {{env, weak}}, {}});
      EXPECT_NE(refused.find("(from " + env + ") must "), std::string::npos) << refused;
      EXPECT_NE(refused.find("16"), std::string::npos) << refused;
      EXPECT_EQ(refused.find("fifteen"), std::string::npos) << refused;
    }
    EXPECT_TRUE(load_config({std::nullopt, {{env, "sixteen bytes..."}}, {}})) << env;
  }
  for (const std::string env : {"HMAC_SECRET", "OPERATOR_HMAC_SECRET", "WEBHOOK_SECRET"}) {
    const std::string refused = refusal({std::nullopt, {{env, std::string(32, 'a')}}, {}});
    EXPECT_NE(refused.find("hard to guess"), std::string::npos) << env << refused;
  }
  EXPECT_NE(refusal({std::nullopt, {{"HMAC_SECRET", std::string(256, 'x')}}, {}}).find("255"),
            std::string::npos);
  EXPECT_NE(refusal({std::nullopt, {{"WEBHOOK_SECRET", "whsec_c2hvcnQ="}}, {}}).find("24 to 64"),
            std::string::npos);
}

TEST(Config, EachEntryOfAListIsJudgedByItsRule) {
  const auto with = [](const char* env, const char* value) {
    return refusal({std::nullopt, {{env, value}}, {}});
  };
  const char* trusted = "FLORIN_HTTP_TRUSTED_ADDRESSES";
  EXPECT_EQ(with(trusted, "127.0.0.1, 10.0.0.0/8 ,::1,fd00::/8"), "accepted");
  EXPECT_EQ(with(trusted, "10.0.0.1,10.0.0.0/33"),
            "http.trusted_addresses (from FLORIN_HTTP_TRUSTED_ADDRESSES) has the entry "
            "\"10.0.0.0/33\", which must be an address or a network, such as 10.0.0.7 or "
            "10.0.0.0/8");
  for (const char* bad : {"proxy", "10.0.0", "*", "10.0.0.1:80", "http://10.0.0.1"})
    EXPECT_NE(with(trusted, bad).find(bad), std::string::npos) << bad;
  for (const char* env : {"FLORIN_WEBHOOK_ALLOWED_HOSTS", "FLORIN_HUB_ALLOWED_HOSTS"}) {
    EXPECT_EQ(with(env, "localhost, 127.0.0.1:8080,hooks.internal,[::1]:9,::1,[::1]"), "accepted");
    for (const char* bad : {"http://hooks.internal", "*.internal", "host:0", "host:x", ":80",
                            "host:70000", "10.0.0.0/8", "a b", "me@host"})
      EXPECT_NE(with(env, bad).find("must be HOST or HOST:PORT"), std::string::npos) << bad;
  }
  const auto loaded = load_config({std::nullopt, {{trusted, " 10.0.0.7 , "}}, {}});
  EXPECT_EQ(loaded->config.http.trusted_addresses, std::vector<std::string>{"10.0.0.7"});
}

TEST(Config, UrlsAndDialectsAreJudgedAtTheStart) {
  for (const char* env : {"OPERATOR_BASE_URL", "RGS_WEBHOOK_URL"}) {
    EXPECT_EQ(refusal({std::nullopt, {{env, "http://10.0.0.1:3001/wallet"}}, {}}), "accepted");
    for (const char* bad : {"operator.example", "ftp://operator.example", "http://", "https://a b"})
      EXPECT_NE(refusal({std::nullopt, {{env, bad}}, {}}).find("must be an http or https URL"),
                std::string::npos)
          << bad;
    EXPECT_NE(refusal({std::nullopt, {{env, "http://u:p@h/"}}, {}}).find("user or password"),
              std::string::npos);
  }
  EXPECT_EQ(refusal({std::nullopt, {{"RGS_WEBHOOK_URL", "http://h/?q=1"}}, {}}), "accepted");
  for (const char* bad : {"http://h/?q=1", "http://h/#part"})
    EXPECT_NE(refusal({std::nullopt, {{"OPERATOR_BASE_URL", bad}}, {}}).find("query or fragment"),
              std::string::npos)
        << bad;
  EXPECT_NE(refusal({std::nullopt, {{"OPERATOR_DIALECT", "klingon"}}, {}})
                .find("must be one of florin, evenbet"),
            std::string::npos);
}

TEST(Config, SecurityThatNoConnectionWouldUseIsRefused) {
  using Variables = std::map<std::string, std::string>;
  const auto with = [](const Variables& variables) {
    return refusal({std::nullopt, variables, {}});
  };
  const Variables redis{{"REDIS_HOST", "cache"}, {"REDIS_TLS_CA_FILE", "/ca.pem"}};
  EXPECT_NE(with(redis).find("need redis.tls"), std::string::npos);
  EXPECT_EQ(with({{"REDIS_TLS_CA_FILE", "/ca.pem"}}), "accepted") << "there is no Redis";
  EXPECT_NE(with({{"REDIS_HOST", "cache"}, {"REDIS_TLS", "true"}, {"REDIS_TLS_CERT_FILE", "/c"}})
                .find("set together"),
            std::string::npos);
  const auto kafka = [&](Variables more) {
    more.emplace("KAFKA_BROKERS", "kafka:9092");
    return with(more);
  };
  EXPECT_NE(kafka({{"KAFKA_SSL_CA_FILE", "/ca.pem"}}).find("ssl or sasl_ssl"), std::string::npos);
  EXPECT_NE(kafka({{"KAFKA_SASL_PASSWORD", "x"}, {"KAFKA_SECURITY_PROTOCOL", "ssl"}})
                .find("sasl_ssl or sasl_plaintext"),
            std::string::npos);
  EXPECT_NE(kafka({{"KAFKA_SSL_KEY_FILE", "/k"}, {"KAFKA_SECURITY_PROTOCOL", "ssl"}})
                .find("set together"),
            std::string::npos);
  EXPECT_NE(kafka({{"KAFKA_SECURITY_PROTOCOL", "sasl_plaintext"}}).find("kafka.sasl_mechanism"),
            std::string::npos);
  EXPECT_NE(
      kafka({{"KAFKA_SECURITY_PROTOCOL", "carrier-pigeon"}}).find("must be one of plaintext, ssl"),
      std::string::npos);
  EXPECT_EQ(kafka({{"KAFKA_SECURITY_PROTOCOL", "sasl_ssl"},
                   {"KAFKA_SASL_MECHANISM", "PLAIN"},
                   {"KAFKA_SASL_USERNAME", "u"},
                   {"KAFKA_SSL_CA_FILE", "/ca.pem"}}),
            "accepted");
}

TEST(Config, WhatDoesNotGoTogetherIsRefused) {
  Config config;
  EXPECT_TRUE(check_combination(config));
  config.get<hub::Settings>().operator_base_url = "https://wallet.operator.example";
  EXPECT_NE(check_combination(config).error().detail.find("needs hub.hmac_secret"),
            std::string::npos);
  config.get<hub::Settings>().hmac_secret = Secret("a secret of the tests");
  EXPECT_TRUE(check_combination(config));
  config.sandbox = true;
  EXPECT_TRUE(check_combination(config));
  config.http.tls = http::TlsOptions();
  EXPECT_NE(check_combination(config).error().detail.find("--sandbox"), std::string::npos);
}

/// What check_exposure() says of a server at this address.
std::string exposure(const std::string& host, Config config = {}) {
  config.http.host = host;
  const auto checked = check_exposure(config);
  return checked ? "accepted" : checked.error().detail;
}

TEST(Exposure, ASandboxForOthersIsAskedForByName) {
  Config sandbox;
  sandbox.sandbox = true;
  for (const char* loopback : {"127.0.0.1", "127.8.9.10", "::1", "localhost"})
    EXPECT_EQ(exposure(loopback, sandbox), "accepted") << loopback;
  for (const char* open : {"0.0.0.0", "::", "10.0.0.1", "127.example.com", "::ffff:127.0.0.1"}) {
    EXPECT_NE(exposure(open, sandbox).find("--public"), std::string::npos) << open;
    EXPECT_EQ(exposure(open), "accepted") << "a server that is no sandbox";
  }
  sandbox.is_public_sandbox = true;
  EXPECT_EQ(exposure("0.0.0.0", sandbox), "accepted");
}

TEST(Exposure, APublishedSecretIsForLoopbackAlone) {
  const auto with = [](const char* env, const Secret& secret) {
    return load_config({std::nullopt, {{env, std::string(secret.reveal())}}, {}})->config;
  };
  const sandbox::Options published;
  for (const auto& [env, key, secret] :
       {std::tuple("HMAC_SECRET", "hub.hmac_secret", published.hub_secret),
        std::tuple("OPERATOR_HMAC_SECRET", "hub.operator_secret",
                   published.operator_secrets.front()),
        std::tuple("WEBHOOK_SECRET", "webhooks.rgs_secret", published.webhook_secret)}) {
    EXPECT_EQ(exposure("127.0.0.1", with(env, secret)), "accepted");
    EXPECT_EQ(exposure("0.0.0.0", with(env, secret)).find(key), 0U);
  }
}

TEST(Exposure, APublishedSecretIsRefusedOnEveryWayIn) {
  const sandbox::Options published;
  Config config;
  EXPECT_FALSE(secret_rule(config)(published.hub_secret));
  config.http.host = "0.0.0.0";
  EXPECT_EQ(secret_rule(config)(published.hub_secret)->rule, "published");
  EXPECT_FALSE(secret_rule(config)(Secret("one of its own making")));
}

TEST(Exposure, SimulatorsAreForLoopbackAlone) {
  sandbox::Options options;
  EXPECT_TRUE(check_exposure(options, false));
  options.rgs_host = "0.0.0.0";
  EXPECT_NE(check_exposure(options, false).error().detail.find("--public"), std::string::npos);
  EXPECT_NE(check_exposure(options, true).error().detail.find("--secret"), std::string::npos);
  options.hub_secret = options.webhook_secret = Secret("not a published one");
  options.operator_secrets = {Secret("nor is this one")};
  EXPECT_TRUE(check_exposure(options, true));
}

TEST(Exposure, APublicSandboxMakesItsOwnSecrets) {
  Config config;
  EXPECT_TRUE(is_published(sandbox_secrets(config).hub_secret));
  config.is_public_sandbox = true;
  const sandbox::Options first = sandbox_secrets(config), second = sandbox_secrets(config);
  EXPECT_FALSE(is_published(first.hub_secret));
  EXPECT_FALSE(is_published(first.operator_secrets.front()));
  EXPECT_FALSE(is_published(first.webhook_secret));
  EXPECT_NE(first.hub_secret.reveal(), second.hub_secret.reveal());
}

TEST(Config, PasswordsInUrlsAreNotShown) {
  const auto shown = [](const std::string& url) {
    return print_config(*load_config({std::nullopt, {}, {{"database.url", url}}}));
  };
  EXPECT_NE(shown("postgres://user:geheim@host/db").find("postgres://user:***@host/db"),
            std::string::npos);
  EXPECT_EQ(shown("postgres://user:geheim@host/db").find("geheim"), std::string::npos);
  EXPECT_NE(shown("sqlite:/a/b.db").find("sqlite:/a/b.db"), std::string::npos);
  for (const char* url : {"postgres://h/d?sslpassword=geheim", "postgres://h/d?password=geheim&x=y",
                          "postgres://h/d?x=y&sslpassword=geheim"})
    EXPECT_EQ(shown(url).find("geheim"), std::string::npos) << url;
}

TEST(Config, AServerIsNamedPieceByPiece) {
  const auto url = [](std::map<std::string, std::string> environment) {
    return load_config({std::nullopt, std::move(environment), {}})->config.effective_database_url();
  };
  EXPECT_EQ(url({{"DB_HOST", "db"}, {"DB_PASSWORD", "p@ss"}}),
            "postgres://florin:p%40ss@db:5432/florin");
  EXPECT_EQ(url({{"DB_HOST", "db"},
                 {"DB_SSLMODE", "verify-full"},
                 {"DB_SSLROOTCERT", "/a b/ca.pem"},
                 {"DB_SSLCERT", "/c.pem"},
                 {"DB_SSLKEY", "/k.pem"}}),
            "postgres://florin@db:5432/florin?sslmode=verify-full&sslrootcert=%2Fa%20b%2Fca.pem"
            "&sslcert=%2Fc.pem&sslkey=%2Fk.pem");
  EXPECT_EQ(url({{"DB_HOST", "/run/postgresql"}, {"DB_SSLMODE", "disable"}}),
            "postgres://florin@/florin?host=%2Frun%2Fpostgresql&port=5432&sslmode=disable");
}

TEST(Config, WhatIsPrintedReadsBack) {
  const LoadedConfig first = *load_config(
      {std::nullopt,
       {},
       {{"http.listen", "0.0.0.0:1234"}, {"log.format", "json"}, {"http.access_log", "false"}}});
  const SettingsFile file(print_config(first));
  const LoadedConfig second = *load_config({file.path(), {}, {}});
  EXPECT_EQ(second.config.http.port, 1234);
  EXPECT_EQ(second.config.log_format, log::Format::json);
  EXPECT_FALSE(second.config.http.access_log);
}

TEST(Addresses, HaveIpv6InBrackets) {
  const auto v6 = parse_address("[::1]:8000");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->port, 8'000);
  EXPECT_EQ(shown_address(*v6), "[::1]:8000");
  EXPECT_EQ(shown_address(*parse_address("localhost:1")), "localhost:1");
  const auto bare = parse_address("::1:8000");
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().detail, "must have an IPv6 address in brackets: [::1]:8000");
  for (const char* bad : {"", ":8000", "[::1]", "[]:1", "[localhost]:1", "[::1:1", "::1]:1",
                          "a:65536", "[[::1]]:1"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace florin::app
