#pragma once
#include <algorithm>
#include <cstdint>
#include <mutex>

#include "base/timestamp.h"
#include "platform/http/server.h"

namespace florin::access {

/// At most `per_second` requests a second, a second's worth at once. Safe for concurrent use.
class TokenBucket {
 public:
  TokenBucket(std::int64_t per_second, Timestamp now)
      : per_second_(per_second), micro_tokens_(per_second * micro), filled_at_(now) {}

  /// Takes one token where there is one, and says how it stands.
  bool take(Timestamp now, http::Admission::RateLimit& state) {
    const std::lock_guard lock(mutex_);
    const std::int64_t passed_us = std::clamp<std::int64_t>(now.us - filled_at_.us, 0, micro);
    filled_at_ = now;
    micro_tokens_ = std::min(micro_tokens_ + passed_us * per_second_, per_second_ * micro);
    const bool taken = micro_tokens_ >= micro;
    if (taken) micro_tokens_ -= micro;
    state = {per_second_, micro_tokens_ / micro, 1};
    return taken;
  }

 private:
  static constexpr std::int64_t micro = 1'000'000;
  std::mutex mutex_;
  const std::int64_t per_second_;
  std::int64_t micro_tokens_;  // Millionths of a token: whole numbers without rounding.
  Timestamp filled_at_;
};

}  // namespace florin::access
