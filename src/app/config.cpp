#include "app/config.h"

#include <fmt/core.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <vector>

#include "base/try.h"

extern char** environ;  // NOLINT: named by POSIX

namespace florin::app {
namespace {

Error invalid(std::string detail) { return {errors::invalid_configuration, std::move(detail)}; }

/// A setting that is a whole number within bounds.
template <class Int>
Setting number(std::string_view key, std::string_view env, std::string_view help, std::int64_t min,
               std::int64_t max, const std::function<Int&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view text) -> Result<void> {
            std::int64_t value = 0;
            const auto [end, fault] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            if (fault != std::errc() || end != text.data() + text.size() || value < min ||
                value > max) {
              return invalid(fmt::format("must be a whole number from {} to {}", min, max));
            }
            field(config) = static_cast<Int>(value);
            return {};
          },
          [=](const Config& config) { return std::to_string(field(const_cast<Config&>(config))); }};
}

Setting text(std::string_view key, std::string_view env, std::string_view help,
             const std::function<std::string&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            if (value.empty()) return invalid("must not be empty");
            field(config) = std::string(value);
            return {};
          },
          [=](const Config& config) { return field(const_cast<Config&>(config)); }};
}

Setting flag(std::string_view key, std::string_view env, std::string_view help,
             const std::function<bool&(Config&)>& field) {
  return {
      key, env, help,
      [=](Config& config, std::string_view value) -> Result<void> {
        if (value != "true" && value != "false") return invalid("must be true or false");
        field(config) = value == "true";
        return {};
      },
      [=](const Config& config) { return field(const_cast<Config&>(config)) ? "true" : "false"; }};
}

/// One of a few words.
template <class Enum, std::size_t count>
Setting word(std::string_view key, std::string_view env, std::string_view help,
             const std::array<std::pair<std::string_view, Enum>, count>& words,
             const std::function<Enum&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            std::string choices;
            for (const auto& [name, meaning] : words) {
              if (name == value) {
                field(config) = meaning;
                return {};
              }
              choices += choices.empty() ? "" : ", ";
              choices += name;
            }
            return invalid("must be one of " + choices);
          },
          [=](const Config& config) {
            for (const auto& [name, meaning] : words) {
              if (meaning == field(const_cast<Config&>(config))) return std::string(name);
            }
            return std::string();
          }};
}

/// How a secret that is set is shown.
constexpr const char* hidden = "(set)";

/// A password in a URL stays out of sight, before the host and among the parameters.
std::string without_password(std::string url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t at = url.find('@', scheme);
  const std::size_t colon = url.find(':', scheme + 3);
  if (at != std::string::npos && colon < at) url.replace(colon + 1, at - colon - 1, "***");
  for (const std::string_view name : {"?password=", "&password=", "&sslpassword="}) {
    const std::size_t found = url.find(name);
    if (found == std::string::npos) continue;
    const std::size_t value = found + name.size();
    url.replace(value, std::min(url.find('&', value), url.size()) - value, "***");
  }
  return url;
}

Setting database_url() {
  Setting setting =
      text("database.url", "FLORIN_DATABASE_URL",
           "The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST:PORT/NAME with "
           "libpq's parameters and ours behind a question mark. Default: the server "
           "of DB_HOST, else florin.db in the data folder.",
           [](Config& c) -> std::string& { return c.database_url; });
  setting.get = [](const Config& config) { return config.shown_database_url(); };
  return setting;
}

/// A setting whose value is never shown.
Setting secret(std::string_view key, std::string_view env, std::string_view help,
               std::size_t least_bytes, const std::function<Secret&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            if (!value.empty() && value.size() < least_bytes)
              return invalid(fmt::format("must have at least {} characters", least_bytes));
            field(config) = Secret(std::string(value));
            return {};
          },
          [=](const Config& config) {
            return std::string(field(const_cast<Config&>(config)).empty() ? "" : hidden);
          }};
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

Setting list(std::string_view key, std::string_view env, std::string_view help,
             const std::function<std::vector<std::string>&(Config&)>& field) {
  return {key, env, help,
          [=](Config& config, std::string_view value) -> Result<void> {
            std::vector<std::string> items;
            while (!value.empty()) {
              const std::size_t comma = std::min(value.find(','), value.size());
              if (comma > 0) items.emplace_back(value.substr(0, comma));
              value.remove_prefix(std::min(comma + 1, value.size()));
            }
            field(config) = std::move(items);
            return {};
          },
          [=](const Config& config) { return joined(field(const_cast<Config&>(config))); }};
}

Setting rgs_url() {
  return {"webhooks.rgs_url", "RGS_WEBHOOK_URL",
          "The game server's webhook address, http or https; it may be private. Default: none.",
          [](Config& config, std::string_view value) -> Result<void> {
            if (!value.empty() && !value.starts_with("http://") && !value.starts_with("https://"))
              return invalid("must be an http or https URL");
            config.rgs_webhook.url = std::string(value);
            return {};
          },
          [](const Config& config) { return without_password(config.rgs_webhook.url); }};
}

std::vector<Setting> webhook_settings() {
  return {
      secret("security.encryption_key", "ENCRYPTION_KEY",
             "Seals secrets in the database, 16 characters or more. Default: the content of "
             "secret.key in the data folder, which is made at the first start.",
             16, [](Config& c) -> Secret& { return c.encryption_key; }),
      number<int>("webhooks.retry_attempts", "WEBHOOK_RETRY_ATTEMPTS",
                  "Attempts of a webhook delivery where its endpoint does not say, 1 to 20.", 1, 20,
                  [](Config& c) -> int& { return c.webhook_attempts; }),
      number<std::int64_t>(
          "webhooks.retry_delay_ms", "WEBHOOK_RETRY_DELAY",
          "Delay before the second attempt in milliseconds, doubled each time, 1 to 86400000.", 1,
          86'400'000, [](Config& c) -> std::int64_t& { return c.webhook_first_delay_ms; }),
      number<int>("webhooks.timeout_ms", "FLORIN_WEBHOOK_TIMEOUT_MS",
                  "Time of one attempt where the endpoint does not say, 100 to 60000.", 100, 60'000,
                  [](Config& c) -> int& { return c.webhooks.manner.timeout_ms; }),
      number<std::int64_t>(
          "webhooks.retention_days", "FLORIN_WEBHOOK_RETENTION_DAYS",
          "Days for which ended deliveries and their attempts are kept, 1 to 3650.", 1, 3'650,
          [](Config& c) -> std::int64_t& { return c.webhooks.retention_days; }),
      list("webhooks.allowed_hosts", "FLORIN_WEBHOOK_ALLOWED_HOSTS",
           "Hosts (HOST or HOST:PORT, separated by commas) that tenants may name for webhooks "
           "although their addresses are private, plain http too.",
           [](Config& c) -> std::vector<std::string>& { return c.webhooks.allowed_hosts; }),
      rgs_url(),
      secret("webhooks.rgs_secret", "WEBHOOK_SECRET",
             "Signs webhooks to the game server; better long than short. Default: one is made.", 1,
             [](Config& c) -> Secret& { return c.rgs_webhook.secret; }),
      number<int>("webhooks.rgs_max_retries", "WEBHOOK_MAX_RETRIES",
                  "Retries to the game server, after 1, 5, 15, 60 and 300 seconds, 0 to 5.", 0, 5,
                  [](Config& c) -> int& { return c.rgs_webhook.max_retries; }),
  };
}

Setting listen() {
  return {"http.listen", "FLORIN_LISTEN",
          "Address and port to listen on, HOST:PORT. Port 0 takes any free one.",
          [](Config& config, std::string_view value) -> Result<void> {
            const Address address = TRY(parse_address(value));
            config.http.host = address.host;
            config.http.port = address.port;
            return {};
          },
          [](const Config& config) {
            return config.http.host + ":" + std::to_string(config.http.port);
          }};
}

std::vector<Setting> hub_settings() {
  return {
      secret("hub.hmac_secret", "HMAC_SECRET",
             "Secret of the wallet API's partner \"default\", which exists when this is set.", 1,
             [](Config& c) -> Secret& { return c.hub.hmac_secret; }),
      text("hub.operator_base_url", "OPERATOR_BASE_URL",
           "The Operator that holds the default partner's money. Default: none, our ledger does.",
           [](Config& c) -> std::string& { return c.hub.operator_base_url; }),
      secret("hub.operator_secret", "OPERATOR_HMAC_SECRET",
             "Secret of our calls to the Operator. Default: that of hub.hmac_secret.", 1,
             [](Config& c) -> Secret& { return c.hub.operator_secret; }),
      text("hub.operator_id", "OPERATOR_ID", "What the Operator calls us.",
           [](Config& c) -> std::string& { return c.hub.operator_id; }),
      text("hub.operator_dialect", "OPERATOR_DIALECT",
           "How the Operator is spoken to: florin or evenbet.",
           [](Config& c) -> std::string& { return c.hub.operator_dialect; }),
      number<std::int64_t>(
          "hub.operator_rate_per_minute", "OPERATOR_RATE_PER_MINUTE",
          "Calls a minute that the Operator takes, 0 to 1000000; 0 means no limit.", 0, 1'000'000,
          [](Config& c) -> std::int64_t& { return c.hub.operator_rate_per_minute; }),
      number<std::int64_t>(
          "hub.operator_timeout_ms", "OPERATOR_TIMEOUT_MS",
          "Time that one call to the Operator may take, in milliseconds, 100 to 60000.", 100,
          60'000, [](Config& c) -> std::int64_t& { return c.hub.operator_timeout_ms; }),
  };
}

std::vector<Setting> server_settings() {
  using Level = log::Level;
  using Format = log::Format;
  constexpr std::array<std::pair<std::string_view, Level>, 5> levels{{{"debug", Level::debug},
                                                                      {"info", Level::info},
                                                                      {"warn", Level::warn},
                                                                      {"error", Level::error},
                                                                      {"off", Level::off}}};
  constexpr std::array<std::pair<std::string_view, Format>, 2> formats{
      {{"text", Format::text}, {"json", Format::json}}};
  return {
      text("data.dir", "FLORIN_DATA", "Folder for everything Florin keeps on disk.",
           [](Config& c) -> std::string& { return c.data_dir; }),
      database_url(),
      text("database.host", "DB_HOST",
           "Host of a PostgreSQL server, or the folder of its socket; database.url goes first.",
           [](Config& c) -> std::string& { return c.database_server.host; }),
      number<int>("database.port", "DB_PORT", "Port of that server, 1 to 65535.", 1, 65'535,
                  [](Config& c) -> int& { return c.database_server.port; }),
      text("database.name", "DB_NAME", "Name of the database on that server.",
           [](Config& c) -> std::string& { return c.database_server.name; }),
      text("database.user", "DB_USER", "User on that server.",
           [](Config& c) -> std::string& { return c.database_server.user; }),
      secret("database.password", "DB_PASSWORD", "Password of that user.", 1,
             [](Config& c) -> Secret& { return c.database_server.password; }),
      listen(),
      number<int>("http.io_threads", "FLORIN_HTTP_IO_THREADS",
                  "Threads that read requests and write answers, 1 to 64.", 1, 64,
                  [](Config& c) -> int& { return c.http.io_threads; }),
      number<int>("http.worker_threads", "FLORIN_HTTP_WORKER_THREADS",
                  "Threads for requests that wait for the database, 1 to 256.", 1, 256,
                  [](Config& c) -> int& { return c.http.worker_threads; }),
      number<int>("http.max_queued", "FLORIN_HTTP_MAX_QUEUED",
                  "Requests that may wait for a worker before 503 overloaded, 1 to 100000.", 1,
                  100'000, [](Config& c) -> int& { return c.http.max_queued; }),
      number<int>("http.max_connections", "FLORIN_HTTP_MAX_CONNECTIONS",
                  "Open connections, 1 to 100000.", 1, 100'000,
                  [](Config& c) -> int& { return c.http.max_connections; }),
      number<std::size_t>("http.max_header_bytes", "FLORIN_HTTP_MAX_HEADER_BYTES",
                          "Longest header block in bytes, 1024 to 1048576.", 1'024, 1'048'576,
                          [](Config& c) -> std::size_t& { return c.http.max_header_bytes; }),
      number<int>("http.header_timeout_ms", "FLORIN_HTTP_HEADER_TIMEOUT_MS",
                  "Time for a request's headers to arrive, in milliseconds, 100 to 600000.", 100,
                  600'000, [](Config& c) -> int& { return c.http.header_timeout_ms; }),
      number<int>("http.body_timeout_ms", "FLORIN_HTTP_BODY_TIMEOUT_MS",
                  "Time for a request's body to arrive, in milliseconds, 100 to 600000.", 100,
                  600'000, [](Config& c) -> int& { return c.http.body_timeout_ms; }),
      number<int>(
          "http.idle_timeout_ms", "FLORIN_HTTP_IDLE_TIMEOUT_MS",
          "Time a connection may lie idle between requests, in milliseconds, 100 to 3600000.", 100,
          3'600'000, [](Config& c) -> int& { return c.http.idle_timeout_ms; }),
      number<int>("http.drain_timeout_ms", "FLORIN_HTTP_DRAIN_TIMEOUT_MS",
                  "Time to finish running requests at shutdown, in milliseconds, 0 to 600000.", 0,
                  600'000, [](Config& c) -> int& { return c.http.drain_timeout_ms; }),
      number<int>(
          "http.drain_delay_ms", "FLORIN_HTTP_DRAIN_DELAY_MS",
          "How long a server that was told to stop goes on answering, with /health/ready at "
          "503, so that those in front of it turn away, in milliseconds, 0 to 600000.",
          0, 600'000, [](Config& c) -> int& { return c.drain_delay_ms; }),
      flag("http.access_log", "FLORIN_HTTP_ACCESS_LOG",
           "Whether every request leaves a line in the log.",
           [](Config& c) -> bool& { return c.http.access_log; }),
      number<std::int64_t>(
          "access.rate_limit_per_second", "FLORIN_RATE_LIMIT",
          "Requests a second that a new API key may make, 0 to 1000000; 0 means no limit.", 0,
          1'000'000, [](Config& c) -> std::int64_t& { return c.rate_limit_per_second; }),
      word<Level>("log.level", "FLORIN_LOG_LEVEL",
                  "Least level that is logged: debug, info, warn, error or off.", levels,
                  [](Config& c) -> Level& { return c.log_level; }),
      word<Format>("log.format", "FLORIN_LOG_FORMAT", "Form of a log line: text or json.", formats,
                   [](Config& c) -> Format& { return c.log_format; }),
      number<int>("node.id", "FLORIN_NODE_ID",
                  "Number of this process among those on one database, 0 to 1023.", 0, 1'023,
                  [](Config& c) -> int& { return c.node_id; }),
      number<std::int64_t>(
          "node.lease_seconds", "FLORIN_NODE_LEASE_SECONDS",
          "Silent for so long a node counts as dead, and others take over its work, 2 to 300.", 2,
          300, [](Config& c) -> std::int64_t& { return c.lease_seconds; }),
  };
}

/// A text that may be empty.
Setting optional_text(std::string_view key, std::string_view env, std::string_view help,
                      const std::function<std::string&(Config&)>& field) {
  Setting setting = text(key, env, help, field);
  setting.set = [=](Config& config, std::string_view value) -> Result<void> {
    field(config) = std::string(value);
    return {};
  };
  return setting;
}

std::vector<Setting> redis_settings() {
  return {
      text("redis.host", "REDIS_HOST",
           "Redis, which makes the rate limits and sessions of all nodes one. Default: none, each "
           "node keeps its own.",
           [](Config& c) -> std::string& { return c.redis.host; }),
      number<int>("redis.port", "REDIS_PORT", "Its port, 1 to 65535.", 1, 65'535,
                  [](Config& c) -> int& { return c.redis.port; }),
      optional_text("redis.user", "REDIS_USER", "User there. Default: the user default.",
                    [](Config& c) -> std::string& { return c.redis.user; }),
      secret("redis.password", "REDIS_PASSWORD", "Its password. Default: it asks for none.", 1,
             [](Config& c) -> Secret& { return c.redis.password; }),
      number<int>("redis.database", "REDIS_DATABASE", "Its database, 0 to 1023.", 0, 1'023,
                  [](Config& c) -> int& { return c.redis.database; }),
      text("redis.prefix", "REDIS_PREFIX",
           "What its keys begin with. Nodes of one installation have the same.",
           [](Config& c) -> std::string& { return c.redis.prefix; }),
      number<int>("redis.timeout_ms", "REDIS_TIMEOUT_MS",
                  "Time in which it must answer before nodes go on with limits of their own, in "
                  "milliseconds, 10 to 10000. Limits never wait for it, sessions once a second.",
                  10, 10'000, [](Config& c) -> int& { return c.redis.timeout_ms; }),
      flag("redis.tls", "REDIS_TLS", "Whether the connection is encrypted by TLS: true or false.",
           [](Config& c) -> bool& { return c.redis.tls.is_on; }),
      optional_text("redis.tls_ca_file", "REDIS_TLS_CA_FILE",
                    "PEM file of the authorities trusted for Redis. Default: the system's.",
                    [](Config& c) -> std::string& { return c.redis.tls.ca_file; }),
      optional_text("redis.tls_cert_file", "REDIS_TLS_CERT_FILE",
                    "PEM file of our certificate, where Redis asks for one.",
                    [](Config& c) -> std::string& { return c.redis.tls.certificate_file; }),
      optional_text("redis.tls_key_file", "REDIS_TLS_KEY_FILE",
                    "PEM file of our certificate's key.",
                    [](Config& c) -> std::string& { return c.redis.tls.key_file; }),
  };
}

std::vector<Setting> session_settings() {
  using access::SecureCookie;
  constexpr std::array<std::pair<std::string_view, SecureCookie>, 2> cookies{
      {{"by_proxy", SecureCookie::by_proxy}, {"always", SecureCookie::always}}};
  return {
      number<std::int64_t>(
          "sessions.idle_seconds", "FLORIN_SESSION_IDLE_SECONDS",
          "Without a request a browser's session ends after this time, 1 to 604800.", 1, 604'800,
          [](Config& c) -> std::int64_t& { return c.sessions.idle_seconds; }),
      number<std::int64_t>("sessions.absolute_seconds", "FLORIN_SESSION_ABSOLUTE_SECONDS",
                           "However much it is used, it ends after this time, 1 to 2592000.", 1,
                           2'592'000,
                           [](Config& c) -> std::int64_t& { return c.sessions.absolute_seconds; }),
      word<SecureCookie>(
          "sessions.secure_cookie", "FLORIN_SESSION_SECURE_COOKIE",
          "When browsers are told to send the session's cookie over TLS alone: by_proxy (where the "
          "proxy in front says X-Forwarded-Proto: https) or always.",
          cookies, [](Config& c) -> SecureCookie& { return c.sessions.secure_cookie; }),
  };
}

Setting kafka_topic_prefix() {
  constexpr std::size_t longest = 100;
  const auto is_topic_character = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return {"kafka.topic_prefix", "KAFKA_TOPIC_PREFIX",
          "First part of every topic's name: 1 to 100 letters, digits, dots, hyphens, underscores.",
          [=](Config& config, std::string_view value) -> Result<void> {
            if (value.empty() || value.size() > longest ||
                !std::all_of(value.begin(), value.end(), is_topic_character))
              return invalid("must be 1 to 100 letters, digits, dots, hyphens or underscores");
            config.relay.topic_prefix = std::string(value);
            return {};
          },
          [](const Config& config) { return config.relay.topic_prefix; }};
}

std::vector<Setting> kafka_settings() {
  return {
      optional_text("kafka.brokers", "KAFKA_BROKERS",
                    "Kafka's brokers, HOST:PORT separated by commas. Default: none, and no Kafka.",
                    [](Config& c) -> std::string& { return c.relay.kafka.brokers; }),
      kafka_topic_prefix(),
      text("kafka.group_id", "KAFKA_GROUP_ID", "Consumer group that reads the inbound topic.",
           [](Config& c) -> std::string& { return c.relay.group; }),
      flag("kafka.inbound", "KAFKA_INBOUND", "Whether the inbound topic is read: true or false.",
           [](Config& c) -> bool& { return c.relay.reads_inbound; }),
      text("kafka.inbound_tenant", "KAFKA_INBOUND_TENANT",
           "Tenant (name or id) of inbound records that name none.",
           [](Config& c) -> std::string& { return c.relay.inbound_tenant; }),
      optional_text("kafka.security_protocol", "KAFKA_SECURITY_PROTOCOL",
                    "plaintext, ssl, sasl_plaintext or sasl_ssl. Default: plaintext.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.protocol; }),
      optional_text(
          "kafka.sasl_mechanism", "KAFKA_SASL_MECHANISM", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
          [](Config& c) -> std::string& { return c.relay.kafka.security.sasl_mechanism; }),
      optional_text("kafka.sasl_username", "KAFKA_SASL_USERNAME", "Name for SASL.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.sasl_username; }),
      secret("kafka.sasl_password", "KAFKA_SASL_PASSWORD", "Password for SASL.", 1,
             [](Config& c) -> Secret& { return c.relay.kafka.security.sasl_password; }),
      optional_text("kafka.ssl_ca_file", "KAFKA_SSL_CA_FILE",
                    "PEM file of the authorities trusted for Kafka. Default: the system's.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.ca_file; }),
      optional_text(
          "kafka.ssl_certificate_file", "KAFKA_SSL_CERTIFICATE_FILE",
          "PEM file of our certificate, where Kafka asks for one.",
          [](Config& c) -> std::string& { return c.relay.kafka.security.certificate_file; }),
      optional_text("kafka.ssl_key_file", "KAFKA_SSL_KEY_FILE",
                    "PEM file of our certificate's key.",
                    [](Config& c) -> std::string& { return c.relay.kafka.security.key_file; }),
      secret("kafka.ssl_key_password", "KAFKA_SSL_KEY_PASSWORD", "Password of that key.", 1,
             [](Config& c) -> Secret& { return c.relay.kafka.security.key_password; }),
  };
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all = server_settings();
  for (auto settings_of_module : {webhook_settings(), hub_settings(), redis_settings(),
                                  session_settings(), kafka_settings()}) {
    for (Setting& setting : settings_of_module) all.push_back(std::move(setting));
  }
  return all;
}

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

/// Levenshtein distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

std::string_view nearest_key(std::string_view key) {
  const auto all = settings();
  const auto nearest =
      std::min_element(all.begin(), all.end(), [&](const Setting& a, const Setting& b) {
        return distance(a.key, key) < distance(b.key, key);
      });
  return nearest->key;
}

Result<void> set(LoadedConfig& loaded, const Setting& setting, std::string_view value,
                 std::string_view origin, std::string_view where) {
  if (auto done = setting.set(loaded.config, value); !done) {
    return invalid(fmt::format("{} (from {}) {}", setting.key, where, done.error().detail));
  }
  loaded.origin[std::string(setting.key)] = std::string(origin);
  return {};
}

std::string scalar_text(const toml::node& node) {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  return {};
}

Result<void> apply_table(LoadedConfig& loaded, const toml::table& table, const std::string& prefix,
                         const std::string& path) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const std::string where = fmt::format("{} line {}", path, node.source().begin.line);
    if (const toml::table* inner = node.as_table()) {
      TRY(apply_table(loaded, *inner, key + ".", path));
      continue;
    }
    const Setting* setting = find_setting(key);
    if (!setting) {
      return invalid(fmt::format("{}: there is no setting {}; did you mean {}?", where, key,
                                 nearest_key(key)));
    }
    TRY(set(loaded, *setting, scalar_text(node), "file", where));
  }
  return {};
}

Result<void> apply_file(LoadedConfig& loaded, const std::string& path) {
  try {
    return apply_table(loaded, toml::parse_file(path), "", path);
  } catch (const toml::parse_error& fault) {
    return invalid(
        fmt::format("{} line {}: {}", path, fault.source().begin.line, fault.description()));
  }
}

bool is_plain(std::string_view value) {
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  return digits || value == "true" || value == "false";
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain_character = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                                    std::string_view("-._~").find(c) != std::string_view::npos;
    if (is_plain_character) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string Config::effective_database_url() const {
  if (!database_url.empty()) return database_url;
  const DatabaseServer& server = database_server;
  if (server.host.empty()) return "sqlite:" + data_dir + "/florin.db";
  std::string url = "postgres://" + percent_encoded(server.user);
  if (!server.password.empty()) url += ":" + percent_encoded(server.password.reveal());
  // A folder is the place of a unix socket; only a parameter can name it.
  const bool is_folder = server.host.starts_with('/');
  url += "@" + (is_folder ? std::string() : server.host + ":" + std::to_string(server.port));
  url += "/" + percent_encoded(server.name);
  if (is_folder)
    url += "?host=" + percent_encoded(server.host) + "&port=" + std::to_string(server.port);
  return url;
}

std::string Config::shown_database_url() const {
  return without_password(effective_database_url());
}

std::span<const Setting> settings() {
  static const std::vector<Setting> all = make_settings();
  return all;
}

Result<LoadedConfig> load_config(const ConfigSources& sources) {
  LoadedConfig loaded;
  for (const Setting& setting : settings()) loaded.origin[std::string(setting.key)] = "default";
  if (sources.file) TRY(apply_file(loaded, *sources.file));
  for (const Setting& setting : settings()) {
    const auto found = sources.environment.find(std::string(setting.env));
    if (found != sources.environment.end())
      TRY(set(loaded, setting, found->second, "environment", found->first));
  }
  for (const auto& [key, value] : sources.flags) {
    const Setting* setting = find_setting(key);
    if (!setting) return invalid("there is no setting " + key);
    TRY(set(loaded, *setting, value, "flag", "the command line"));
  }
  Config& config = loaded.config;
  config.webhooks.manner.retry_delays_ms =
      webhooks::exponential_delays(config.webhook_attempts, config.webhook_first_delay_ms);
  return loaded;
}

std::string print_config(const LoadedConfig& loaded) {
  std::string out;
  std::string section;
  for (const Setting& setting : settings()) {
    const std::size_t dot = setting.key.find('.');
    if (setting.key.substr(0, dot) != section) {
      section = std::string(setting.key.substr(0, dot));
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    const std::string value = setting.get(loaded.config);
    // What is not set, or not shown, is a comment: the rest reads back as it stands.
    const bool reads_back = !value.empty() && value != hidden;
    out += fmt::format("{}{} = {}  # {}\n", reads_back ? "" : "# ", setting.key.substr(dot + 1),
                       is_plain(value) ? value : "\"" + value + "\"",
                       loaded.origin.at(std::string(setting.key)));
  }
  return out;
}

std::string configuration_reference() {
  const Config defaults;
  std::string out = "| setting | environment | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : settings()) {
    out += fmt::format("| `{}` | `{}` | `{}` | {} |\n", setting.key, setting.env,
                       setting.get(defaults), setting.help);
  }
  return out;
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  int port = -1;
  if (colon != std::string_view::npos && colon > 0) {
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (fault != std::errc() || end != digits.data() + digits.size()) port = -1;
  }
  if (port < 0 || port > 65'535) return invalid("must be HOST:PORT, such as 127.0.0.1:8000");
  return Address{std::string(text.substr(0, colon)), port};
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return variables;
}

}  // namespace florin::app
