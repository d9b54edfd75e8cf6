#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "base/try.h"
#include "platform/cache/errors.h"
#include "platform/cache/local_values.h"
#include "platform/cache/redis.h"
#include "platform/cache/redis_connection.h"
#include "platform/jobs/worker_thread.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"

namespace florin::cache {
namespace {

/// How often an idle or unavailable Redis is checked.
constexpr std::int64_t check_every_us = 1'000'000;
/// Commands in one exchange when a node restores its values to Redis.
constexpr std::size_t batch_size = 500;

/// A value follows a sign; an erased name has the other sign until all copies have expired.
constexpr std::string_view live_sign = "+";
constexpr std::string_view erased = "-";

/// Puts a value where none was erased, as one step.
constexpr std::string_view put_script = R"(
if redis.call('GET', KEYS[1]) ~= '-' then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 0
)";

class RedisTtlCache final : public TtlCache {
 public:
  RedisTtlCache(const RedisOptions& options, const Clock& clock, metrics::Registry& metrics,
                std::size_t max_values)
      : options_(options),
        clock_(clock),
        shared_(metrics.gauge("florin_cache_values_shared",
                              "1: cached values are shared over Redis. 0: each node has its "
                              "own.")),
        faults_(metrics.counter("florin_cache_value_faults_total",
                                "Times that Redis could not be used for values, checks included.")),
        local_(max_values),
        worker_("redis-values", [this] { return tick(); }) {}
  ~RedisTtlCache() override { worker_.stop(); }

  std::optional<std::string> find_local(std::string_view name) override {
    return local_.find_local(name, clock_.now());
  }

  std::optional<std::string> find(std::string_view name) override {
    const RedisWords get{"GET", key(name)}, time_left{"PTTL", key(name)};
    const std::vector<RedisWords> commands{get, time_left};
    const auto answers = ask(commands);
    const Timestamp now = clock_.now();
    const auto known = local_.find(name, now);
    if (!answers || (known && !known->value)) return local_.find_and_touch(name, now);
    const auto& stored = answers->at(0).text;
    if (!stored) {  // Lost by Redis; this node may still have it.
      if (known) call(restore_command({std::string(name), *known}, now));
      return local_.find_and_touch(name, now);
    }
    const Timestamp ends_at = now.plus_us(std::max<std::int64_t>(answers->at(1).number, 1) * 1'000);
    if (*stored == erased) {
      local_.put(name, {std::nullopt, ends_at, now});
      return std::nullopt;
    }
    std::string value = stored->substr(live_sign.size());
    local_.put(name, {value, ends_at, now});
    return value;
  }

  void put(std::string_view name, std::string_view value, std::int64_t lifetime_ms) override {
    const Timestamp now = clock_.now();
    local_.put(name, {std::string(value), now.plus_us(lifetime_ms * 1'000), now});
    call({"EVALSHA", put_sha(), "1", key(name), std::string(live_sign) + std::string(value),
          std::to_string(lifetime_ms)});
  }

  void extend(std::string_view name, std::int64_t lifetime_ms) override {
    local_.extend(name, clock_.now().plus_us(lifetime_ms * 1'000));
    call({"PEXPIRE", key(name), std::to_string(lifetime_ms)});
  }

  void erase(std::string_view name, std::int64_t remembered_ms) override {
    const Timestamp now = clock_.now();
    local_.put(name, {std::nullopt, now.plus_us(remembered_ms * 1'000), now});
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

  /// A value that another node has put meanwhile wins.
  RedisWords restore_command(const LocalValues::Named& named, Timestamp now) const {
    const std::int64_t left_us = named.known.ends_at.us - now.us;
    const std::string left_ms = std::to_string(std::max<std::int64_t>(left_us / 1'000, 1));
    if (!named.known.value) return {"SET", key(named.name), std::string(erased), "PX", left_ms};
    return {"SET", key(named.name), std::string(live_sign) + *named.known.value, "NX",
            "PX",  left_ms};
  }

  /// One exchange with Redis. A failed one closes the connection, so that its changes are restored
  /// over the next.
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

  /// One step of the worker; returns the microseconds until the next.
  std::int64_t tick() {
    if (is_connected_) {
      call({"PING"});
    } else if (const auto joined = join(); !joined) {
      fall_back(joined.error());
    }
    return check_every_us;
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
    TRY(restore_values());
    const std::lock_guard lock(mutex_);
    is_shared_ = is_connected_;  // Redis may have failed again since.
    if (!is_shared_) return {};
    fault_.reset();
    shared_.set(1);
    log::info("cached values are shared over Redis", {{"host", options_.host}});
    return {};
  }

  /// What changed while Redis was unavailable, and what it lost in a restart.
  Result<void> restore_values() {
    const Timestamp now = clock_.now();
    std::vector<RedisWords> commands;
    for (const LocalValues::Named& named : local_.all(now)) {
      commands.push_back(restore_command(named, now));
      if (commands.size() < batch_size) continue;
      TRY(ask(commands));
      commands.clear();
    }
    if (!commands.empty()) TRY(ask(commands));
    return {};
  }

  /// Logged once for each kind of fault.
  void fall_back(const Error& error) {
    is_connected_ = false;
    faults_.add();
    const std::lock_guard lock(mutex_);
    shared_.set(0);
    const bool is_logged = fault_ && fault_->code == error.code;
    fault_ = error;
    is_shared_ = false;
    if (!is_logged)
      log::warn("cached values are per node until Redis can be used", {{"reason", error.detail}});
  }

  const RedisOptions options_;
  const Clock& clock_;
  metrics::Gauge& shared_;
  metrics::Counter& faults_;
  LocalValues local_;

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

std::unique_ptr<TtlCache> ttl_cache_over_redis(const RedisOptions& options, const Clock& clock,
                                               metrics::Registry& metrics, std::size_t max_values) {
  return std::make_unique<RedisTtlCache>(options, clock, metrics, max_values);
}

}  // namespace florin::cache
