#pragma once
#include <algorithm>
#include <cstdint>

#include "base/timestamp.h"

namespace florin {

/// At most `tokens` in `period_us`, that many at once. Whole numbers without rounding, as long as
/// tokens * period_us stays below 10^14. Not for concurrent use: its owner holds the lock.
class TokenBucket {
 public:
  /// As many buckets may be owed as this, when a level is set from outside.
  static constexpr std::int64_t max_debt = 15;

  TokenBucket(std::int64_t tokens, std::int64_t period_us, Timestamp now)
      : tokens_(tokens), period_us_(period_us), level_(tokens * period_us), filled_at_(now) {}

  /// Takes a token: 0. Or tells in how many microseconds there will be one.
  std::int64_t take(Timestamp now) {
    constexpr std::int64_t from_debt_to_full = max_debt + 1;
    const std::int64_t passed_us =
        std::clamp<std::int64_t>(now.us - filled_at_.us, 0, from_debt_to_full * period_us_);
    filled_at_ = now;
    level_ = std::min(level_ + passed_us * tokens_, tokens_ * period_us_);
    if (level_ >= period_us_) {
      level_ -= period_us_;
      return 0;
    }
    return (period_us_ - level_ + tokens_ - 1) / tokens_;
  }

  /// Whole tokens left by the last take.
  std::int64_t remaining() const { return std::max<std::int64_t>(0, level_ / period_us_); }

  /// Goes on from what another bucket of the same size holds, in parts of a token: period_us of
  /// them are one. Below zero is a debt.
  void set_level(std::int64_t level, Timestamp now) {
    level_ = std::clamp(level, -max_debt * tokens_ * period_us_, tokens_ * period_us_);
    filled_at_ = now;
  }

 private:
  const std::int64_t tokens_, period_us_;
  std::int64_t level_;  // In parts of a token: period_us_ of them are one.
  Timestamp filled_at_;
};

}  // namespace florin
