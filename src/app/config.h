#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "platform/cache/redis.h"
#include "platform/config/errors.h"
#include "platform/http/server.h"
#include "platform/log/log.h"

namespace florin::app {

/// A PostgreSQL server named piece by piece, as deployments like to do.
struct DatabaseServer {
  std::string host;  ///< Empty: there is none.
  int port = 5'432;
  std::string name = "florin", user = "florin";
  Secret password;
  std::string sslmode, sslrootcert, sslcert, sslkey;  ///< As libpq knows them; empty: its default.
};

/// The settings of one process, typed and checked: its own as members, and those of each module.
struct Config {
  Config();  ///< All at their defaults.

  std::string data_dir = "florin-data";
  std::string database_url;  ///< Empty: database_server, or else sqlite:<data_dir>/florin.db
  DatabaseServer database_server;
  http::ServerOptions http;  ///< Its `tls` is set when a certificate is.
  http::TlsOptions tls;
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
  int node_id = 0;
  std::int64_t lease_seconds = 10;
  int drain_delay_ms = 0;
  bool sandbox = false;
  bool is_public_sandbox = false;  ///< Others than this machine may reach it.
  Secret encryption_key;      ///< Empty: that of <data_dir>/secret.key, which is made when missing.
  cache::RedisOptions redis;  ///< Without a host each node keeps its own limits and sessions.

  /// What a module's settings fill: get<webhooks::Settings>().
  template <class T>
  T& get() {
    return std::any_cast<T&>(of_modules.at(typeid(T)));
  }
  template <class T>
  const T& get() const {
    return std::any_cast<const T&>(of_modules.at(typeid(T)));
  }
  std::map<std::type_index, std::any> of_modules;

  std::string effective_database_url() const;
  /// As it may be shown: without the password.
  std::string shown_database_url() const;
};

/// One setting of the process or of a module; the documentation is made from these.
struct Setting {
  std::string key;   ///< In the TOML file: "http.listen".
  std::string env;   ///< In the environment.
  std::string help;  ///< With bounds and unit.
  std::function<Result<void>(Config&, std::string_view text)> set;
  std::function<std::string(const Config&)> get;  ///< As it may be shown: no secret.
};
std::span<const Setting> settings();

/// Where values come from; later ones win: defaults, file, environment, flags. A variable that is
/// empty counts as not set.
struct ConfigSources {
  std::optional<std::string> file;                 ///< A TOML file.
  std::map<std::string, std::string> environment;  ///< Variables by name.
  std::map<std::string, std::string> flags;        ///< Settings by key.
};

struct LoadedConfig {
  Config config;
  std::map<std::string, std::string>
      origin;  ///< Of each key: "default", "file", "environment", "flag".
};

/// Errors: invalid_configuration, naming the setting, where it was read and the rule. An unknown
/// key in the file is an error, with the nearest known one as a hint.
Result<LoadedConfig> load_config(const ConfigSources& sources);

/// The effective configuration as TOML, each line with its origin. Holds no secret.
std::string print_config(const LoadedConfig& loaded);
/// The reference in docs/configuration.md.
std::string configuration_reference();

/// A place to listen at, "HOST:PORT".
struct Address {
  std::string host;  ///< Without brackets.
  int port = 0;      ///< 0: any free one.
};
/// An IPv6 address stands in brackets: "[::1]:8000". Errors: invalid_configuration.
Result<Address> parse_address(std::string_view text);
/// As it is written in a setting or a URL.
std::string shown_address(const Address& address);

/// Whether only this machine reaches it: a loopback address, or localhost.
bool is_loopback(const std::string& host);

/// The environment of this process.
std::map<std::string, std::string> process_environment();

namespace errors {
using config::errors::invalid_configuration;
}  // namespace errors

}  // namespace florin::app
