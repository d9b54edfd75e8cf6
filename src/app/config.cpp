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

#include "access/sessions.h"
#include "app/modules.h"
#include "app/settings/sections.h"
#include "base/try.h"

extern char** environ;  // NOLINT: named by POSIX

namespace florin::app {
namespace {

using config::invalid;

std::vector<config::Section> own_sections() {
  return {sections::data(), sections::database(), sections::http(), sections::log(),
          sections::node(), sections::security(), sections::redis()};
}

/// The process's own, then those of the modules.
const std::vector<config::Section>& all_sections() {
  static const std::vector<config::Section> all = [] {
    auto made = own_sections();
    for (const modules::Module& module : all_modules())
      made.insert(made.end(), module.settings.begin(), module.settings.end());
    return made;
  }();
  return all;
}

bool is_own(const config::Section& section) { return section.type == typeid(Config); }

/// The struct in the configuration that the section fills.
void* address_in(Config& config, const config::Section& section) {
  return is_own(section) ? &config : section.address(config.of_modules.at(section.type));
}
const void* address_in(const Config& config, const config::Section& section) {
  if (is_own(section)) return &config;
  return section.read_address(config.of_modules.at(section.type));
}

std::vector<Setting> make_settings() {
  std::vector<Setting> all;
  for (const config::Section& section : all_sections()) {
    for (const config::Setting& each : section.settings) {
      all.push_back({each.key, each.env, each.help,
                     [&section, &each](Config& config, std::string_view text) {
                       return each.set(address_in(config, section), text);
                     },
                     [&section, &each](const Config& config) {
                       return each.get(address_in(config, section));
                     }});
    }
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

Config::Config() {
  for (const config::Section& section : all_sections()) {
    if (!is_own(section)) of_modules.emplace(section.type, section.make());
  }
}

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
  return config::without_password(effective_database_url());
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
  for (const config::Section& section : all_sections())
    TRY(section.check(address_in(std::as_const(loaded.config), section)));
  Config& config = loaded.config;
  if (!config.tls.certificate_file.empty()) {
    config.http.tls = config.tls;
    config.get<access::SessionSettings>().secure_cookie = access::SecureCookie::always;
  }
  return loaded;
}

std::string print_config(const LoadedConfig& loaded) {
  std::string out;
  std::string section;
  for (const Setting& setting : settings()) {
    const std::size_t dot = setting.key.find('.');
    if (std::string_view(setting.key).substr(0, dot) != section) {
      section = std::string(std::string_view(setting.key).substr(0, dot));
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    const std::string value = setting.get(loaded.config);
    // What is not set, or not shown, is a comment: the rest reads back as it stands.
    const bool reads_back = !value.empty() && value != config::hidden;
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
