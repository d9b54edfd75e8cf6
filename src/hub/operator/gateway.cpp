#include "hub/operator/gateway.h"

#include <algorithm>
#include <utility>

#include "platform/cache/rate_limiter.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::hub::operators {
namespace {

constexpr std::int64_t minute_us = 60'000'000;

/// The Operator counts the calls of all nodes, and a call can wait: so that nodes which start a
/// burst together do not run far past the limit, none is ahead by more than a tenth of it.
std::shared_ptr<cache::RateLimit> limit_of(const Target& target, cache::RateLimiter& limits) {
  const std::int64_t rate = target.settings.rate_per_minute;
  if (rate == 0) return nullptr;
  return limits.limit("operator:" + target.partner.str(),
                      {rate, minute_us, std::max<std::int64_t>(1, rate / 10)});
}

}  // namespace

Gateway::Gateway(const Target& target, std::shared_ptr<cache::RateLimit> limit,
                 metrics::Gauge& breaker_state)
    : partner_(target.partner),
      settings_(target.settings),
      limit_(std::move(limit)),
      breaker_(CircuitBreaker::Options{}),
      breaker_state_(breaker_state) {
  show_breaker();
}

bool Gateway::enter() {
  if (calls_.fetch_add(1) < settings_.max_concurrent) return true;
  calls_.fetch_sub(1);
  return false;
}

void Gateway::leave() { calls_.fetch_sub(1); }

Gateway::Admission Gateway::authenticate(Timestamp now, bool has_waited) {
  const std::int64_t pause_us = has_waited ? 0 : pause_left_us(now);
  if (pause_us > 0) return Wait{pause_us};
  const auto permit = breaker_.try_pass(now);
  if (!permit) return Closed{};
  // After the breaker, so that calls which it turns away use no tokens up.
  const std::int64_t token_us = limit_ ? limit_->take(now).wait_us : 0;
  if (token_us > 0) breaker_.give_back(*permit);
  show_breaker();
  return token_us == 0 ? Admission(*permit) : Wait{token_us};
}

void Gateway::report(CircuitBreaker::Permit permit, const std::string& fault, Timestamp now) {
  breaker_.report(permit, fault.empty(), now);
  show_breaker();
  note(fault, now);
}

/// Logged at the beginning and at the end: in between there may be thousands.
void Gateway::note(const std::string& fault, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (fault.empty()) {
    if (trouble_) log::info("an Operator answers again", {{"partner_id", partner_.str()}});
    trouble_.reset();
    return;
  }
  if (!trouble_) {
    log::warn("calls to an Operator fail", {{"partner_id", partner_.str()}, {"reason", fault}});
    trouble_ = Trouble{fault, now, now};
  }
  trouble_->reason = fault;
  trouble_->last = now;
}

std::optional<Trouble> Gateway::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Gateway::pause(Timestamp now, std::int64_t duration_us) {
  paused_from_us_ = now.us;
  paused_until_us_ = now.us + duration_us;
}

bool Gateway::has(const OperatorSettings& settings) const {
  return settings_.base_url == settings.base_url &&
         settings_.rate_per_minute == settings.rate_per_minute &&
         settings_.max_concurrent == settings.max_concurrent;
}

std::int64_t Gateway::pause_left_us(Timestamp now) const {
  // A clock that was set back must not make the pause longer.
  if (now.us < paused_from_us_) return 0;
  return std::max<std::int64_t>(0, paused_until_us_ - now.us);
}

void Gateway::show_breaker() { breaker_state_.set(static_cast<double>(breaker_.state())); }

std::optional<Trouble> Gateways::trouble_with(PartnerId partner) {
  const std::lock_guard lock(mutex_);
  const auto found = by_partner_.find(partner);
  return found == by_partner_.end() ? std::nullopt : found->second->trouble();
}

std::map<PartnerId, Trouble> Gateways::troubles() {
  const std::lock_guard lock(mutex_);
  std::map<PartnerId, Trouble> all;
  for (const auto& [partner, gateway] : by_partner_) {
    if (const auto trouble = gateway->trouble()) all.emplace(partner, *trouble);
  }
  return all;
}

std::shared_ptr<Gateway> Gateways::of(const Target& target) {
  const std::lock_guard lock(mutex_);
  auto& gateway = by_partner_[target.partner];
  if (gateway && gateway->has(target.settings)) return gateway;
  metrics::Gauge& state = metrics_.gauge(
      "florin_hub_operator_breaker_state",
      "Circuit breaker before a partner's Operator: 0 closed, 1 half open (probing), 2 open.",
      {{"partner", target.partner.str()}});
  gateway = std::make_shared<Gateway>(target, limit_of(target, limits_), state);
  return gateway;
}

}  // namespace florin::hub::operators
