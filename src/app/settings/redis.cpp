#include "app/config.h"
#include "app/settings/sections.h"

namespace florin::app::sections {
namespace {

using cache::RedisOptions;
using config::optional_text;
using config::path;

using Tls = decltype(RedisOptions::tls);

template <class M>
auto server(M RedisOptions::*member) {
  return path(&Config::redis, member);
}
template <class M>
auto tls(M Tls::*member) {
  return path(&Config::redis, path(&RedisOptions::tls, member));
}

/// Files of certificates that no connection uses would leave it unencrypted, unnoticed.
Result<void> check_tls(const Config& config) {
  const RedisOptions& redis = config.redis;
  if (redis.host.empty()) return {};
  const bool has_files = !redis.tls.ca_file.empty() || !redis.tls.certificate_file.empty() ||
                         !redis.tls.key_file.empty();
  if (has_files && !redis.tls.is_on) {
    return config::invalid(
        "redis.tls_ca_file, redis.tls_cert_file and redis.tls_key_file need redis.tls");
  }
  if (redis.tls.certificate_file.empty() != redis.tls.key_file.empty())
    return config::invalid("redis.tls_cert_file and redis.tls_key_file must be set together");
  return {};
}

}  // namespace

config::Section redis() {
  return config::section<Config>(
      "redis",
      {config::text("host", server(&RedisOptions::host),
                    "Redis, which makes the rate limits and sessions of all nodes one. Default: "
                    "none, each node keeps its own"),
       config::number("port", server(&RedisOptions::port), {1, 65'535}, "Its port"),
       optional_text("user", server(&RedisOptions::user), "User there. Default: the user default"),
       config::secret("password", server(&RedisOptions::password), config::at_least(1),
                      "Its password. Default: it asks for none"),
       config::number("database", server(&RedisOptions::database), {0, 1'023}, "Its database"),
       config::text("prefix", server(&RedisOptions::prefix),
                    "What its keys begin with. Nodes of one installation have the same"),
       config::number("timeout_ms", server(&RedisOptions::timeout_ms), {10, 10'000},
                      "Time in which it must answer before nodes continue with limits per node, in "
                      "milliseconds",
                      {.help = "Limits never wait for it, sessions once a second."}),
       config::flag("tls", tls(&Tls::is_on), "Whether the connection is encrypted by TLS"),
       optional_text("tls_ca_file", tls(&Tls::ca_file),
                     "PEM file of the authorities trusted for Redis. Default: the system's"),
       optional_text("tls_cert_file", tls(&Tls::certificate_file),
                     "PEM file of our certificate, where Redis asks for one"),
       optional_text("tls_key_file", tls(&Tls::key_file), "PEM file of our certificate's key")},
      check_tls, "REDIS_");
}

}  // namespace florin::app::sections
