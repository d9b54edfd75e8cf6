#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"

namespace florin::metrics {
class Registry;
}

namespace florin::cache {

/// How the connection to Redis is protected. Without it: over a private network or a tunnel.
struct RedisTls {
  bool is_on = false;
  std::string ca_file;                     ///< PEM; empty: the system's authorities.
  std::string certificate_file, key_file;  ///< PEM, ours; empty: Redis asks for none.
};

/// Where Redis is, and how it is spoken to.
struct RedisOptions {
  std::string host;  ///< Empty: there is none.
  int port = 6379;
  RedisTls tls;
  std::string user;  ///< Empty: "default".
  Secret password;   ///< Empty: it asks for none.
  int database = 0;
  std::string prefix = "florin:";  ///< Of every key. Nodes that share limits share it.
  int timeout_ms = 100;            ///< To connect, and for each answer.
};

/// The result of a check of Redis.
struct RedisCheck {
  std::string version;
  std::int64_t round_trip_us = 0;
  bool is_encrypted = false;
};

/// Connects, logs in, and tries all that limits and values need on a key that it removes. Errors:
/// redis_unavailable, redis_refused; both name the settings, neither holds the password.
Result<RedisCheck> check_redis(const RedisOptions& options);

/// Limits that all nodes with the same Redis, database and prefix share. A node takes from its copy
/// of a bucket and settles what it took with Redis a few milliseconds later, on a thread of its
/// own, so that take() never waits and a dead or slow Redis delays nothing: then the copies go on
/// as limits per node, and join again by themselves when Redis answers (a look once a second).
///
/// How far the nodes together may exceed a limit: in one burst each by what it hands out before its
/// next settlement, at most `max_ahead`; what was too much is owed by the bucket (up to 15 times
/// its size), so that over time the limit holds. Source: docs/redis.md.
/// The process must ignore SIGPIPE.
std::unique_ptr<RateLimiter> limiter_over_redis(const RedisOptions& options, const Clock& clock,
                                                metrics::Registry& metrics);

/// Values that all nodes with the same Redis, database and prefix share; `max_values` is of the
/// node's own copy. What a request asks of Redis takes the options' time-out at most, once: then
/// Redis counts as away, and the copy answers until a thread of the store's own has it back (a look
/// once a second) and has told it what the node knows: what was put or erased meanwhile, and what a
/// Redis that lost its memory has forgotten. A value that was erased anywhere stays erased.
/// Source: docs/redis.md. The process must ignore SIGPIPE.
std::unique_ptr<TtlCache> ttl_cache_over_redis(const RedisOptions& options, const Clock& clock,
                                               metrics::Registry& metrics, std::size_t max_values);

}  // namespace florin::cache
