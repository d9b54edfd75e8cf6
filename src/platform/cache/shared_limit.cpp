#include "platform/cache/shared_limit.h"

namespace florin::cache {
namespace {

/// When a node is told to wait for its settlement, which takes about as long.
constexpr std::int64_t settlement_pause_us = 5'000;

}  // namespace

void SettlementQueue::open() {
  const std::lock_guard lock(mutex_);
  is_open_ = true;
}

std::vector<std::shared_ptr<SharedLimit>> SettlementQueue::close() {
  const std::lock_guard lock(mutex_);
  is_open_ = false;
  return std::exchange(waiting_, {});
}

bool SettlementQueue::add(std::shared_ptr<SharedLimit> limit) {
  bool was_idle = false;
  {
    const std::lock_guard lock(mutex_);
    if (!is_open_) return false;
    waiting_.push_back(std::move(limit));
    was_idle = std::exchange(is_idle_, false);
  }
  if (was_idle) wake_();
  return true;
}

std::vector<std::shared_ptr<SharedLimit>> SettlementQueue::take_all() {
  const std::lock_guard lock(mutex_);
  is_idle_ = waiting_.empty();
  return std::exchange(waiting_, {});
}

SharedLimit::SharedLimit(std::string key, const Limit& limit, SettlementQueue& queue, Timestamp now)
    : key_(std::move(key)),
      limit_(limit),
      queue_(queue),
      bucket_(limit.tokens, limit.period_us, now) {}

Taken SharedLimit::take(Timestamp now) {
  Taken taken;
  {
    const std::lock_guard lock(mutex_);
    const bool is_shared = queue_.is_open();
    const bool is_ahead = limit_.max_ahead > 0 && spent_ + in_flight_ >= limit_.max_ahead;
    if (is_shared && is_ahead) return {settlement_pause_us, bucket_.remaining()};
    taken.wait_us = bucket_.take(now);
    taken.remaining = bucket_.remaining();
    // The first one since the last settlement asks for the next.
    if (!taken || !is_shared || ++spent_ > 1) return taken;
  }
  if (!queue_.add(shared_from_this())) forget();
  return taken;
}

Settlement SharedLimit::begin_settlement() {
  const std::lock_guard lock(mutex_);
  in_flight_ = std::exchange(spent_, 0);
  return {key_, limit_, in_flight_};
}

void SharedLimit::settle(std::int64_t level, Timestamp now) {
  const std::lock_guard lock(mutex_);
  in_flight_ = 0;
  bucket_.set_level(level - spent_ * limit_.period_us, now);
}

void SharedLimit::forget() {
  const std::lock_guard lock(mutex_);
  spent_ = in_flight_ = 0;
}

}  // namespace florin::cache
