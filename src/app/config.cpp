#include "app/config.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>
#include <utility>
#include <vector>

#include "app/settings/kinds.h"
#include "app/settings/modules.h"
#include "base/try.h"

extern char** environ;  // NOLINT: named by POSIX

namespace florin::app {
namespace {

using setting::hidden;
using setting::invalid;

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  for (auto settings_of_part : {setting::of_storage(), setting::of_http(), setting::of_tls(),
                                setting::of_node(), setting::of_webhooks(), setting::of_hub(),
                                setting::of_redis(), setting::of_sessions(), setting::of_kafka()}) {
    for (Setting& setting : settings_of_part) all.push_back(std::move(setting));
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
    // A file that cannot be read has no line.
    const auto line = fault.source().begin.line;
    const std::string where = line == 0 ? path : fmt::format("{} line {}", path, line);
    return invalid(fmt::format("{}: {}", where, fault.description()));
  }
}

bool is_plain(std::string_view value) {
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(),
                                                    [](char c) { return c >= '0' && c <= '9'; });
  return digits || value == "true" || value == "false";
}

/// HTTPS needs both files; certificates of clients need who may issue them, and HTTPS.
Result<void> finish_tls(Config& config) {
  const http::TlsOptions& tls = config.tls;
  if (tls.certificate_file.empty() != tls.key_file.empty())
    return invalid("http.tls_certificate and http.tls_key must be set together");
  const bool asks_clients = tls.client_certificates != http::ClientCertificates::none;
  if (asks_clients == tls.client_ca_file.empty())
    return invalid("http.tls_client_certificates and http.tls_client_ca must be set together");
  if (tls.certificate_file.empty()) {
    if (!asks_clients) return {};
    return invalid("http.tls_client_certificates needs http.tls_certificate");
  }
  config.http.tls = tls;
  config.sessions.secure_cookie = access::SecureCookie::always;
  return {};
}

/// Files of certificates that no connection uses would leave it unencrypted, unnoticed.
Result<void> check_redis_tls(const cache::RedisOptions& redis) {
  if (redis.host.empty()) return {};
  const bool has_files = !redis.tls.ca_file.empty() || !redis.tls.certificate_file.empty() ||
                         !redis.tls.key_file.empty();
  if (has_files && !redis.tls.is_on)
    return invalid("redis.tls_ca_file, redis.tls_cert_file and redis.tls_key_file need redis.tls");
  if (redis.tls.certificate_file.empty() != redis.tls.key_file.empty())
    return invalid("redis.tls_cert_file and redis.tls_key_file must be set together");
  return {};
}

Result<void> check_kafka_security(const kafka::Connection& kafka) {
  if (kafka.brokers.empty()) return {};
  const kafka::Security& security = kafka.security;
  const std::string_view protocol = security.protocol;
  const bool has_files = !security.ca_file.empty() || !security.certificate_file.empty() ||
                         !security.key_file.empty() || !security.key_password.empty();
  if (has_files && !protocol.ends_with("ssl"))
    return invalid("kafka.ssl_... settings need kafka.security_protocol ssl or sasl_ssl");
  const bool has_sasl = !security.sasl_mechanism.empty() || !security.sasl_username.empty() ||
                        !security.sasl_password.empty();
  if (has_sasl && !protocol.starts_with("sasl_"))
    return invalid(
        "kafka.sasl_... settings need kafka.security_protocol sasl_ssl or sasl_plaintext");
  if (protocol.starts_with("sasl_") && security.sasl_mechanism.empty())
    return invalid("kafka.security_protocol " + security.protocol +
                   " needs kafka.sasl_mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512");
  if (security.certificate_file.empty() != security.key_file.empty())
    return invalid("kafka.ssl_certificate_file and kafka.ssl_key_file must be set together");
  return {};
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
  const std::pair<std::string_view, std::string> parameters[] = {
      {"host", is_folder ? server.host : ""},
      {"port", is_folder ? std::to_string(server.port) : ""},
      {"sslmode", server.sslmode},
      {"sslrootcert", server.sslrootcert},
      {"sslcert", server.sslcert},
      {"sslkey", server.sslkey}};
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    url += fmt::format("{}{}={}", std::exchange(separator, '&'), name, percent_encoded(value));
  }
  return url;
}

std::string Config::shown_database_url() const {
  return setting::without_password(effective_database_url());
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
    // Compose and Kubernetes pass on as empty what nobody has filled in.
    if (found != sources.environment.end() && !found->second.empty())
      TRY(set(loaded, setting, found->second, "environment", found->first));
  }
  for (const auto& [key, value] : sources.flags) {
    const Setting* setting = find_setting(key);
    if (!setting) return invalid("there is no setting " + key);
    TRY(set(loaded, *setting, value, "flag", "the command line"));
  }
  Config& config = loaded.config;
  TRY(finish_tls(config));
  TRY(check_redis_tls(config.redis));
  TRY(check_kafka_security(config.relay.kafka));
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
  if (port < 0 || port > 65'535)
    return invalid("must be HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000");
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  if (is_ipv6 && !is_bracketed) {
    return invalid("must have an IPv6 address in brackets: " +
                   shown_address({std::string(host), port}));
  }
  if (is_bracketed != is_ipv6 || host.find_first_of("[]") != std::string_view::npos)
    return invalid("must be HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000");
  return Address{std::string(host), port};
}

std::string shown_address(const Address& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

bool is_loopback(const std::string& host) {
  constexpr unsigned char loopback_network = 127;
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1)
    return reinterpret_cast<const unsigned char*>(&v4)[0] == loopback_network;
  if (::inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
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
