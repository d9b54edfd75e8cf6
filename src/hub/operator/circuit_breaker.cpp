#include "hub/operator/circuit_breaker.h"

namespace florin::hub::operators {

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_pass(Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::closed) return Permit{};
  if (state_ == State::half_open || !has_paused(now)) return std::nullopt;
  state_ = State::half_open;
  return Permit{.is_probe = true};
}

void CircuitBreaker::report(Permit permit, bool is_healthy, Timestamp now) {
  const std::lock_guard lock(mutex_);
  // An attempt from before it opened tells nothing new; the probe decides.
  if (state_ != State::closed && !permit.is_probe) return;
  failures_ = is_healthy ? 0 : failures_ + 1;
  if (is_healthy) {
    state_ = State::closed;
  } else if (permit.is_probe || failures_ >= options_.failures_to_open) {
    state_ = State::open;
    opened_at_ = now;
  }
}

void CircuitBreaker::give_back(Permit permit) {
  const std::lock_guard lock(mutex_);
  // The pause is over already: the next one that asks becomes the probe.
  if (permit.is_probe) state_ = State::open;
}

CircuitBreaker::State CircuitBreaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool CircuitBreaker::has_paused(Timestamp now) const {
  const std::int64_t passed_us = now.us - opened_at_.us;
  // A clock that was set back must not keep it open for ever.
  return passed_us < 0 || passed_us >= options_.pause_us;
}

}  // namespace florin::hub::operators
