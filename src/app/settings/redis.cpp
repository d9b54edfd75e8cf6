#include "app/settings/kinds.h"
#include "app/settings/modules.h"

namespace florin::app::setting {

std::vector<Setting> of_redis() {
  return {
      text("redis.host", "REDIS_HOST",
           "Redis, which makes the rate limits and sessions of all nodes one. Default: none, each "
           "node keeps its own.",
           [](Config& c) -> std::string& { return c.redis.host; }),
      number<int>("redis.port", "REDIS_PORT", "Its port, 1 to 65535.", 1, 65'535,
                  [](Config& c) -> int& { return c.redis.port; }),
      optional_text("redis.user", "REDIS_USER", "User there. Default: the user default.",
                    [](Config& c) -> std::string& { return c.redis.user; }),
      secret("redis.password", "REDIS_PASSWORD", "Its password. Default: it asks for none.",
             at_least(1), [](Config& c) -> Secret& { return c.redis.password; }),
      number<int>("redis.database", "REDIS_DATABASE", "Its database, 0 to 1023.", 0, 1'023,
                  [](Config& c) -> int& { return c.redis.database; }),
      text("redis.prefix", "REDIS_PREFIX",
           "What its keys begin with. Nodes of one installation have the same.",
           [](Config& c) -> std::string& { return c.redis.prefix; }),
      number<int>("redis.timeout_ms", "REDIS_TIMEOUT_MS",
                  "Time in which it must answer before nodes continue with limits per node, in "
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

}  // namespace florin::app::setting
