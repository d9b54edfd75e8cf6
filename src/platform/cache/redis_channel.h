#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/cache/redis.h"

namespace florin::cache {

/// The bytes between us and Redis: TCP, or TLS over it, which Debian's hiredis does not have. For
/// one thread at a time; every call waits at most the options' time-out. After an error it is of no
/// further use.
class RedisChannel {
 public:
  /// Connects, and with TLS makes sure of who answers. Errors: redis_unavailable, redis_refused.
  static Result<RedisChannel> open(const RedisOptions& options);
  RedisChannel(RedisChannel&&) noexcept;
  RedisChannel& operator=(RedisChannel&&) noexcept;
  ~RedisChannel();

  /// Errors: redis_unavailable.
  Result<void> send(std::string_view bytes);
  /// Appends what has come; waits for the first byte. Errors: redis_unavailable, redis_refused.
  Result<void> receive(std::string& bytes);

 private:
  struct Impl;
  explicit RedisChannel(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Errors that name where Redis was looked for, and the settings.
Error redis_is_away(const RedisOptions& options, std::string_view why);
Error redis_refuses(const RedisOptions& options, std::string_view what, std::string_view setting);

}  // namespace florin::cache
