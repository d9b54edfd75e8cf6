#include "platform/cache/redis_connection.h"

#include <fmt/core.h>
#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "platform/cache/errors.h"

namespace florin::cache {
namespace {

/// The bucket by Redis's own clock, so that the nodes' clocks do not matter. Levels and times are
/// whole numbers below 2^53, which Lua's numbers hold exactly. The owed part is bounded as in
/// TokenBucket::most_debt. Effects, not the script, are replicated (Redis 5 and later).
constexpr std::string_view settle_script = R"(
local tokens, period, spent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local full = tokens * period
local stored = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(stored[1]) or full, tonumber(stored[2]) or now
local passed = math.min(math.max(now - at, 0), 16 * period)
level = math.min(level + passed * tokens, full)
level = math.max(level - spent * period, -15 * full)
redis.call('HSET', KEYS[1], 'level', string.format('%.0f', level), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil((full - level) / tokens / 1000) + 1000)
return level
)";

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};

using Words = std::vector<std::string>;

}  // namespace

struct RedisConnection::Impl {
  RedisOptions options;
  std::unique_ptr<redisContext, FreeContext> context;
  std::string script_sha;

  Error unavailable(std::string_view why) const {
    return {errors::redis_unavailable,
            fmt::format("Redis at {}:{} is not to be reached or does not answer: {} (redis.host, "
                        "redis.port; REDIS_HOST, REDIS_PORT)",
                        options.host, options.port, why)};
  }

  /// Of the exchange that just failed: hiredis tells a time-out as "Resource temporarily
  /// unavailable".
  Error unavailable() const {
    if (context->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT))
      return unavailable(fmt::format("nothing came within {} ms", options.timeout_ms));
    return unavailable(context->errstr);
  }

  Error refused(std::string_view what, std::string_view setting) const {
    return {errors::redis_refused, fmt::format("Redis at {}:{} refuses {} ({})", options.host,
                                               options.port, what, setting)};
  }

  /// What Redis's own refusal means. Its text is not passed on whole: it may quote what was sent.
  Error refusal(std::string_view text) const {
    const std::string_view word = text.substr(0, text.find(' '));
    if (word == "NOAUTH") return refused("to work without a password", password_setting);
    if (word == "WRONGPASS" || text.find("invalid password") != text.npos ||
        text.find("AUTH") != text.npos)
      return refused("the password", password_setting);
    if (text.find("DB index") != text.npos)
      return refused(fmt::format("database {}", options.database),
                     "redis.database; REDIS_DATABASE");
    if (word == "NOSCRIPT" || word == "LOADING" || word == "BUSY" || word == "MASTERDOWN")
      return unavailable(word);
    return refused(fmt::format("a command with {}", word), "its user's rights, memory or role");
  }

  Result<void> append(const Words& words) const {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string& word : words) {
      texts.push_back(word.data());
      lengths.push_back(word.size());
    }
    if (redisAppendCommandArgv(context.get(), static_cast<int>(words.size()), texts.data(),
                               lengths.data()) != REDIS_OK)
      return unavailable();
    return {};
  }

  Result<Reply> next_reply() const {
    void* raw = nullptr;
    if (redisGetReply(context.get(), &raw) != REDIS_OK) return unavailable();
    Reply reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) return refusal({reply->str, reply->len});
    return reply;
  }

  Result<Reply> call(const Words& words) const {
    TRY(append(words));
    return next_reply();
  }

  Result<void> log_in() {
    if (!options.password.empty()) TRY(call({"AUTH", std::string(options.password.reveal())}));
    if (options.database != 0) TRY(call({"SELECT", std::to_string(options.database)}));
    const Reply loaded = TRY(call({"SCRIPT", "LOAD", std::string(settle_script)}));
    script_sha.assign(loaded->str, loaded->len);
    return {};
  }

  static constexpr std::string_view password_setting = "redis.password; REDIS_PASSWORD";
};

RedisConnection::RedisConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

Result<RedisConnection> RedisConnection::open(const RedisOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  const timeval timeout{options.timeout_ms / 1'000, (options.timeout_ms % 1'000) * 1'000};
  impl->context.reset(redisConnectWithTimeout(options.host.c_str(), options.port, timeout));
  if (!impl->context) return impl->unavailable("out of memory");
  if (impl->context->err != 0) return impl->unavailable();
  redisSetTimeout(impl->context.get(), timeout);
  TRY(impl->log_in());
  return RedisConnection(std::move(impl));
}

Result<std::vector<std::int64_t>> RedisConnection::settle(std::span<const Settlement> settlements) {
  for (const Settlement& one : settlements) {
    TRY(impl_->append({"EVALSHA", impl_->script_sha, "1", impl_->options.prefix + one.key,
                       std::to_string(one.limit.tokens), std::to_string(one.limit.period_us),
                       std::to_string(one.spent)}));
  }
  std::vector<std::int64_t> levels;
  for (std::size_t i = 0; i < settlements.size(); ++i) {
    const Reply reply = TRY(impl_->next_reply());
    levels.push_back(reply->integer);
  }
  return levels;
}

Result<void> RedisConnection::ping() {
  TRY(impl_->call({"PING"}));
  return {};
}

Result<std::string> RedisConnection::version() {
  constexpr std::string_view label = "redis_version:";
  const Reply reply = TRY(impl_->call({"INFO", "server"}));
  const std::string_view text(reply->str, reply->len);
  const std::size_t at = text.find(label);
  if (at == text.npos) return std::string("unknown");
  const std::size_t start = at + label.size();
  return std::string(text.substr(start, text.find_first_of("\r\n", start) - start));
}

Result<void> RedisConnection::probe() {
  const Settlement nothing{"probe", {.tokens = 1}, 0};
  TRY(settle({&nothing, 1}));
  TRY(impl_->call({"DEL", impl_->options.prefix + nothing.key}));
  return {};
}

Result<RedisCheck> check_redis(const RedisOptions& options) {
  RedisConnection connection = TRY(RedisConnection::open(options));
  TRY(connection.probe());
  RedisCheck check;
  check.version = TRY(connection.version());
  const auto start = std::chrono::steady_clock::now();
  TRY(connection.ping());
  check.round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::steady_clock::now() - start)
                            .count();
  return check;
}

}  // namespace florin::cache
