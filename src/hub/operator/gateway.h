#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "base/timestamp.h"
#include "hub/hub.h"
#include "hub/operator/circuit_breaker.h"
#include "hub/operator/operator_client.h"

namespace florin::cache {
class RateLimit;
class RateLimiter;
}  // namespace florin::cache
namespace florin::metrics {
class Gauge;
class Registry;
}  // namespace florin::metrics

namespace florin::hub::operators {

/// The limits of calls to one Operator: its rate, how many calls at once, its circuit breaker, and
/// the pause it asked for. Safe for concurrent use.
class Gateway {
 public:
  struct Wait {
    std::int64_t us;  ///< Until it is worth asking again.
  };
  struct Closed {};  ///< The circuit breaker is open.
  using Admission = std::variant<CircuitBreaker::Permit, Wait, Closed>;

  /// `limit`: of the Operator's calls a minute; null: none.
  Gateway(const Target& target, std::shared_ptr<cache::RateLimit> limit,
          metrics::Gauge& breaker_state);

  /// Takes one of the places for calls, waiting ones included; false when all are taken.
  bool enter();
  void leave();

  /// Permission for one attempt. `has_waited`: the caller has already waited for a pause.
  Admission authenticate(Timestamp now, bool has_waited);
  /// The outcome of the attempt; `fault`: what was wrong, empty when nothing was.
  void report(CircuitBreaker::Permit permit, const std::string& fault, Timestamp now);
  std::optional<Trouble> trouble() const;
  /// The Operator asked for a pause of this length (Retry-After).
  void pause(Timestamp now, std::int64_t duration_us);

  bool has(const OperatorSettings& settings) const;

 private:
  std::int64_t pause_left_us(Timestamp now) const;
  void show_breaker();
  void note(const std::string& fault, Timestamp now);

  const PartnerId partner_;
  const OperatorSettings settings_;
  const std::shared_ptr<cache::RateLimit> limit_;
  CircuitBreaker breaker_;
  metrics::Gauge& breaker_state_;
  std::atomic<std::int64_t> calls_{0};
  std::atomic<std::int64_t> paused_from_us_{0}, paused_until_us_{0};
  mutable std::mutex mutex_;  // Guards what follows.
  std::optional<Trouble> trouble_;
};

/// The gateways of all Operators, by partner. Safe for concurrent use.
class Gateways {
 public:
  Gateways(metrics::Registry& metrics, cache::RateLimiter& limits)
      : metrics_(metrics), limits_(limits) {}
  /// A new one when the settings that it goes by have changed.
  std::shared_ptr<Gateway> of(const Target& target);
  std::optional<Trouble> trouble_with(PartnerId partner);
  std::map<PartnerId, Trouble> troubles();

 private:
  metrics::Registry& metrics_;
  cache::RateLimiter& limits_;
  std::mutex mutex_;  // Guards what follows.
  std::map<PartnerId, std::shared_ptr<Gateway>> by_partner_;
};

}  // namespace florin::hub::operators
