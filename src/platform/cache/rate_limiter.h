#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "platform/cache/sharing.h"

namespace florin::cache {

/// At most `tokens` in `period_us`, that many at once.
struct Limit {
  std::int64_t tokens = 0;
  std::int64_t period_us = 1'000'000;
  /// How many a node may hand out before the nodes' common count has heard of them; further ones
  /// are told to wait for some milliseconds. 0: as many as there are.
  std::int64_t max_ahead = 0;
};

/// What came of taking a token.
struct Taken {
  std::int64_t wait_us = 0;    ///< 0: taken. Else until it is worth asking again.
  std::int64_t remaining = 0;  ///< Whole tokens left.
  explicit operator bool() const { return wait_us == 0; }
};

/// A limit in use. Safe for concurrent use.
class RateLimit {
 public:
  virtual ~RateLimit() = default;
  /// From memory alone: never waits for another machine, so that I/O threads may call it.
  virtual Taken take(Timestamp now) = 0;
};

/// Makes limits. Outlives those that it made. Safe for concurrent use.
class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  /// A full bucket, or what the nodes that share `name` ("key:key_…") have left of it. The caller
  /// keeps it: in memory every call makes a bucket of its own.
  virtual std::shared_ptr<RateLimit> limit(std::string_view name, const Limit& limit) = 0;
  /// Begins to share; until then, and whenever sharing fails, each node keeps its own limits.
  virtual void start() = 0;
  virtual Sharing state() const = 0;
};

/// Limits of this process alone.
std::unique_ptr<RateLimiter> limiter_in_memory();

}  // namespace florin::cache
