#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/try.h"
#include "platform/cache/errors.h"
#include "platform/cache/near_values.h"
#include "platform/cache/redis.h"
#include "platform/cache/redis_connection.h"
#include "platform/jobs/worker_thread.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

/// How often a Redis that has nothing to do or is away is looked at.
constexpr std::int64_t look_every_us = 1'000'000;
/// Commands in one exchange when a node tells a Redis that is back what it knows.
constexpr std::size_t batch_size = 500;

/// A value stands behind a sign; what was erased is the other sign, until all copies have ended.
constexpr std::string_view live_sign = "+";
constexpr std::string_view erased = "-";

/// Puts a value where none was erased, as one step.
constexpr std::string_view put_script = R"(
if redis.call('GET', KEYS[1]) ~= '-' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 0
)";

class RedisValues final : public ShortLivedStore {
 public:
  RedisValues(const RedisOptions& options, const Clock& clock, metrics::Registry& metrics,
              std::size_t most_values)
      : options_(options),
        clock_(clock),
        shared_(metrics.gauge("florin_cache_values_shared",
                              "1: short-lived values are shared over Redis. 0: each node has its "
                              "own.")),
        faults_(metrics.counter("florin_cache_value_faults_total",
                                "Times that Redis could not be used for values, looks included.")),
        near_(most_values),
        worker_("redis-values", [this] { return turn(); }) {}
  ~RedisValues() override { worker_.stop(); }

  std::optional<std::string> glance(std::string_view name) override {
    return near_.glance(name, clock_.now());
  }

  std::optional<std::string> find(std::string_view name) override {
    const RedisWords get{"GET", key(name)}, time_left{"PTTL", key(name)};
    const std::vector<RedisWords> commands{get, time_left};
    const auto answers = ask(commands);
    const Timestamp now = clock_.now();
    const auto known = near_.find(name, now);
    if (!answers || (known && !known->value)) return near_.see(name, now);
    const auto& stored = answers->at(0).text;
    if (!stored) {  // Redis forgot; this node may still know.
      if (known) call(retelling({std::string(name), *known}, now));
      return near_.see(name, now);
    }
    const Timestamp ends_at = now.plus_us(std::max<std::int64_t>(answers->at(1).number, 1) * 1'000);
    if (*stored == erased) {
      near_.note(name, {std::nullopt, ends_at, now});
      return std::nullopt;
    }
    std::string value = stored->substr(live_sign.size());
    near_.note(name, {value, ends_at, now});
    return value;
  }

  void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) override {
    const Timestamp now = clock_.now();
    near_.note(name, {std::string(value), now.plus_us(lifetime_ms * 1'000), now});
    call({"EVALSHA", put_sha(), "1", key(name), std::string(live_sign) + std::string(value),
          std::to_string(lifetime_ms)});
  }

  void extend(std::string_view name, std::int64_t lifetime_ms) override {
    near_.extend(name, clock_.now().plus_us(lifetime_ms * 1'000));
    call({"PEXPIRE", key(name), std::to_string(lifetime_ms)});
  }

  void erase(std::string_view name, std::int64_t remembered_ms) override {
    const Timestamp now = clock_.now();
    near_.note(name, {std::nullopt, now.plus_us(remembered_ms * 1'000), now});
    call({"SET", key(name), std::string(erased), "PX", std::to_string(remembered_ms)});
  }

  void start() override { worker_.start(); }

  Sharing state() const override {
    const std::lock_guard lock(mutex_);
    if (fault_) return {true, false, fault_->detail};
    return {true, is_shared_, is_shared_ ? "" : "not yet connected"};
  }

 private:
  std::string key(std::string_view name) const { return options_.prefix + std::string(name); }

  std::string put_sha() const {
    const std::lock_guard lock(mutex_);
    return put_sha_;
  }

  /// Of what another node has told meanwhile, that counts.
  RedisWords retelling(const NearValues::Named& named, Timestamp now) const {
    const std::int64_t left_us = named.known.ends_at.us - now.us;
    const std::string left_ms = std::to_string(std::max<std::int64_t>(left_us / 1'000, 1));
    if (!named.known.value) return {"SET", key(named.name), std::string(erased), "PX", left_ms};
    return {"SET", key(named.name), std::string(live_sign) + *named.known.value, "NX",
            "PX",  left_ms};
  }

  /// One exchange with Redis; one that fails ends the connection, so that what it should have
  /// changed is told again when there is another.
  Result<std::vector<RedisAnswer>> ask(std::span<const RedisWords> commands) {
    const std::lock_guard lock(connection_mutex_);
    if (!connection_) return Error{errors::redis_unavailable, "Redis is unavailable"};
    auto answers = connection_->exchange(commands);
    if (!answers) {
      connection_.reset();
      fall_back(answers.error());
    }
    return answers;
  }

  void call(const RedisWords& command) { (void)ask({&command, 1}); }

  /// One turn of the worker: for how many microseconds it may rest.
  std::int64_t turn() {
    if (is_connected_) {
      call({"PING"});
    } else if (const auto joined = join(); !joined) {
      fall_back(joined.error());
    }
    return look_every_us;
  }

  Result<void> join() {
    RedisConnection connection = TRY(RedisConnection::open(options_));
    TRY(connection.probe());
    const RedisWords load{"SCRIPT", "LOAD", std::string(put_script)};
    const auto loaded = TRY(connection.exchange({&load, 1}));
    {
      const std::lock_guard lock(mutex_);
      put_sha_ = loaded.at(0).text.value_or("");
    }
    {
      const std::lock_guard lock(connection_mutex_);
      connection_.emplace(std::move(connection));
      is_connected_ = true;
    }
    TRY(tell_all());
    const std::lock_guard lock(mutex_);
    is_shared_ = is_connected_;  // A request may have found Redis gone again.
    if (!is_shared_) return {};
    fault_.reset();
    shared_.set(1);
    log::info("short-lived values are shared over Redis", {{"host", options_.host}});
    return {};
  }

  /// What changed while Redis was away, and what it forgot if it was restarted.
  Result<void> tell_all() {
    const Timestamp now = clock_.now();
    std::vector<RedisWords> commands;
    for (const NearValues::Named& named : near_.all(now)) {
      commands.push_back(retelling(named, now));
      if (commands.size() < batch_size) continue;
      TRY(ask(commands));
      commands.clear();
    }
    if (!commands.empty()) TRY(ask(commands));
    return {};
  }

  /// It is told again only when Redis is there but refuses, or the other way round.
  void fall_back(const Error& error) {
    is_connected_ = false;
    faults_.add();
    const std::lock_guard lock(mutex_);
    shared_.set(0);
    const bool is_told = fault_ && fault_->code == error.code;
    fault_ = error;
    is_shared_ = false;
    if (!is_told)
      log::warn("short-lived values are per node until Redis can be used",
                {{"reason", error.detail}});
  }

  const RedisOptions options_;
  const Clock& clock_;
  metrics::Gauge& shared_;
  metrics::Counter& faults_;
  NearValues near_;

  mutable std::mutex mutex_;    // Guards the next three; the innermost.
  std::optional<Error> fault_;  // The newest, while values are per node because of it.
  bool is_shared_ = false;
  std::string put_sha_;

  std::mutex connection_mutex_;  // Guards the connection, during exchanges too.
  std::optional<RedisConnection> connection_;
  std::atomic<bool> is_connected_{false};

  jobs::WorkerThread worker_;
};

}  // namespace

std::unique_ptr<ShortLivedStore> short_lived_over_redis(const RedisOptions& options,
                                                        const Clock& clock,
                                                        metrics::Registry& metrics,
                                                        std::size_t most_values) {
  return std::make_unique<RedisValues>(options, clock, metrics, most_values);
}

}  // namespace florin::cache
