#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/cache/redis.h"

namespace florin::cache {

/// A bucket's key and what was taken from it since the last settlement.
struct Settlement {
  std::string key;
  Limit limit;
  std::int64_t spent = 0;
};

/// A command, its words.
using RedisWords = std::vector<std::string>;

/// What Redis said to one.
struct RedisAnswer {
  std::optional<std::string> text;  ///< Nothing: there is none.
  std::int64_t number = 0;
};

/// One connection. For one thread at a time; every call waits at most the options' time-out for
/// each answer. After an error it is of no further use.
class RedisConnection {
 public:
  /// Connects, logs in and chooses the database. Errors: redis_unavailable, redis_refused.
  static Result<RedisConnection> open(const RedisOptions& options);
  RedisConnection(RedisConnection&&) noexcept;
  RedisConnection& operator=(RedisConnection&&) noexcept;
  ~RedisConnection();

  /// Sends all, then takes an answer to each. Names in them lack no prefix: see key(). Errors:
  /// redis_unavailable, redis_refused.
  Result<std::vector<RedisAnswer>> exchange(std::span<const RedisWords> commands);
  /// The name as it stands in Redis: behind the options' prefix.
  std::string key(std::string_view name) const;

  /// Deducts what was spent, in one exchange; gives each bucket's level after it, in parts of a
  /// token (Limit::period_us of them are one). Errors: redis_unavailable, redis_refused.
  Result<std::vector<std::int64_t>> settle(std::span<const Settlement> settlements);
  /// Does all that limits and values need to a key of its own, which it removes. Errors: as
  /// exchange().
  Result<void> probe();
  Result<void> ping();
  Result<std::string> version();

 private:
  struct Impl;
  explicit RedisConnection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::cache
