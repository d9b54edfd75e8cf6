#include <mutex>
#include <optional>

#include "base/token_bucket.h"
#include "platform/cache/rate_limiter.h"

namespace florin::cache {
namespace {

class MemoryLimit final : public RateLimit {
 public:
  explicit MemoryLimit(const Limit& limit) : limit_(limit) {}

  Taken take(Timestamp now) override {
    const std::lock_guard lock(mutex_);
    if (!bucket_) bucket_.emplace(limit_.tokens, limit_.period_us, now);
    const std::int64_t wait_us = bucket_->take(now);
    return {wait_us, bucket_->remaining()};
  }

 private:
  const Limit limit_;
  std::mutex mutex_;  // Guards the bucket, which begins full at the first take.
  std::optional<TokenBucket> bucket_;
};

class MemoryLimiter final : public RateLimiter {
 public:
  std::shared_ptr<RateLimit> limit(std::string_view, const Limit& limit) override {
    return std::make_shared<MemoryLimit>(limit);
  }
  void start() override {}
  Sharing state() const override { return {}; }
};

}  // namespace

std::unique_ptr<RateLimiter> limiter_in_memory() { return std::make_unique<MemoryLimiter>(); }

}  // namespace florin::cache
