#pragma once
#include <algorithm>
#include <cstdint>
#include <mutex>

#include "base/timestamp.h"

namespace florin {

/// At most `tokens` in `period_us`, that many at once. Whole numbers without rounding. Safe for
/// concurrent use.
class TokenBucket {
 public:
  TokenBucket(std::int64_t tokens, std::int64_t period_us, Timestamp now)
      : tokens_(tokens), period_us_(period_us), level_(tokens * period_us), filled_at_(now) {}

  /// Takes a token: 0. Or tells in how many microseconds there will be one.
  std::int64_t take(Timestamp now) {
    const std::lock_guard lock(mutex_);
    const std::int64_t passed_us = std::clamp<std::int64_t>(now.us - filled_at_.us, 0, period_us_);
    filled_at_ = now;
    level_ = std::min(level_ + passed_us * tokens_, tokens_ * period_us_);
    if (level_ >= period_us_) {
      level_ -= period_us_;
      return 0;
    }
    return (period_us_ - level_ + tokens_ - 1) / tokens_;
  }

 private:
  std::mutex mutex_;
  const std::int64_t tokens_, period_us_;
  std::int64_t level_;  // In parts of a token: period_us_ of them are one.
  Timestamp filled_at_;
};

}  // namespace florin
