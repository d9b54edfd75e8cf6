#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "base/try.h"
#include "platform/cache/redis.h"
#include "platform/cache/redis_connection.h"
#include "platform/cache/shared_limit.h"
#include "platform/jobs/worker_thread.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Between settlements: long enough for one to carry many requests, short enough that nodes know of
/// each other in time.
constexpr std::int64_t settle_every_us = 2'000;
/// How often a Redis that is unavailable or idle is polled.
constexpr std::int64_t look_every_us = 1'000'000;

class RedisLimiter final : public RateLimiter {
 public:
  RedisLimiter(const RedisOptions& options, const Clock& clock, metrics::Registry& metrics)
      : options_(options),
        clock_(clock),
        up_(metrics.gauge("florin_cache_redis_up",
                          "1: limits are shared over Redis. 0: each node keeps its own.")),
        faults_(metrics.counter("florin_cache_redis_faults_total",
                                "Times that Redis could not be used, checks included.")),
        settlement_seconds_(metrics.histogram("florin_cache_settlement_seconds",
                                              "Exchanges with Redis that settle limits.",
                                              metrics::latency_buckets())),
        queue_([this] { worker_.wake(); }),
        worker_("redis-limits", [this] { return turn(); }) {}
  ~RedisLimiter() override { worker_.stop(); }

  std::shared_ptr<RateLimit> limit(std::string_view name, const Limit& limit) override {
    return std::make_shared<SharedLimit>("limit:" + std::string(name), limit, queue_, clock_.now());
  }

  void start() override { worker_.start(); }

  Sharing state() const override {
    const std::lock_guard lock(mutex_);
    if (fault_) return {true, false, fault_->detail};
    const bool is_shared = queue_.is_open();
    return {true, is_shared, is_shared ? "" : "not yet connected"};
  }

 private:
  /// One turn of the worker: for how many microseconds it may rest.
  std::int64_t turn() {
    const Result<bool> worked = connection_ ? settle() : connect();
    if (!worked) {
      fall_back(worked.error());
      return look_every_us;
    }
    return *worked ? settle_every_us : look_every_us;
  }

  Result<bool> connect() {
    RedisConnection connection = TRY(RedisConnection::open(options_));
    TRY(connection.probe());
    connection_.emplace(std::move(connection));
    last_exchange_ = SteadyClock::now();
    log::info("rate limits are shared over Redis", {{"host", options_.host}});
    up_.set(1);
    const std::lock_guard lock(mutex_);
    fault_.reset();
    queue_.open();
    return true;
  }

  /// Settles what waits; whether there was anything.
  Result<bool> settle() {
    batch_ = queue_.take_all();
    const auto start = SteadyClock::now();
    if (batch_.empty()) {
      if (start - last_exchange_ < std::chrono::microseconds(look_every_us)) return false;
      TRY(connection_->ping());
      last_exchange_ = start;
      return false;
    }
    std::vector<Settlement> settlements;
    settlements.reserve(batch_.size());
    for (const auto& limit : batch_) settlements.push_back(limit->begin_settlement());
    const std::vector<std::int64_t> levels = TRY(connection_->settle(settlements));
    last_exchange_ = SteadyClock::now();
    settlement_seconds_.observe(std::chrono::duration<double>(last_exchange_ - start).count());
    const Timestamp now = clock_.now();
    for (std::size_t i = 0; i < batch_.size(); ++i) batch_[i]->settle(levels[i], now);
    batch_.clear();
    return true;
  }

  void fall_back(const Error& error) {
    connection_.reset();
    up_.set(0);
    faults_.add();
    if (!note(error))
      log::warn("rate limits are per node until Redis can be used", {{"reason", error.detail}});
    for (const auto& limit : std::exchange(batch_, {})) limit->forget();
  }

  /// Keeps the limits per node from here on. Whether that was logged: it is logged again only when
  /// Redis is there but refuses, or the other way round.
  bool note(const Error& error) {
    const std::lock_guard lock(mutex_);
    const bool is_told = fault_ && fault_->code == error.code;
    fault_ = error;
    for (const auto& limit : queue_.close()) limit->forget();
    return is_told;
  }

  const RedisOptions options_;
  const Clock& clock_;
  metrics::Gauge& up_;
  metrics::Counter& faults_;
  metrics::Histogram& settlement_seconds_;

  mutable std::mutex mutex_;    // Guards fault_.
  std::optional<Error> fault_;  // The newest, while limits are per node because of it.

  // Of the worker alone.
  std::optional<RedisConnection> connection_;
  std::vector<std::shared_ptr<SharedLimit>> batch_;  // Being settled.
  SteadyClock::time_point last_exchange_;

  SettlementQueue queue_;
  jobs::WorkerThread worker_;
};

}  // namespace

std::unique_ptr<RateLimiter> limiter_over_redis(const RedisOptions& options, const Clock& clock,
                                                metrics::Registry& metrics) {
  return std::make_unique<RedisLimiter>(options, clock, metrics);
}

}  // namespace florin::cache
