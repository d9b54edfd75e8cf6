#include "platform/cache/redis_connection.h"

#include <fmt/core.h>
#include <hiredis/hiredis.h>

#include <chrono>
#include <utility>

#include "base/try.h"
#include "platform/cache/redis_channel.h"

namespace florin::cache {
namespace {

/// The bucket by Redis's own clock, so that the nodes' clocks do not matter. Levels and times are
/// whole numbers below 2^53, which Lua's numbers hold exactly. The owed part is bounded as in
/// TokenBucket::max_debt. Effects, not the script, are replicated (Redis 5 and later).
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

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

void append_command(std::string& bytes, const RedisWords& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* command = nullptr;
  const auto size = redisFormatCommandArgv(&command, static_cast<int>(words.size()), texts.data(),
                                           lengths.data());
  bytes.append(command, static_cast<std::size_t>(size));
  redisFreeCommand(command);
}

}  // namespace

struct RedisConnection::Impl {
  RedisOptions options;
  RedisChannel channel;
  std::unique_ptr<redisReader, FreeReader> reader{redisReaderCreate()};
  std::string script_sha = {};

  /// What Redis's own refusal means. Its text is not passed on whole: it may quote what was sent.
  Error refusal(std::string_view text) const {
    const std::string_view word = text.substr(0, text.find(' '));
    if (word == "NOAUTH")
      return redis_refuses(options, "to work without a password", password_setting);
    if (word == "WRONGPASS" || text.find("invalid password") != text.npos ||
        text.find("AUTH") != text.npos)
      return redis_refuses(options, "the password", password_setting);
    if (text.find("DB index") != text.npos)
      return redis_refuses(options, fmt::format("database {}", options.database),
                           "redis.database; REDIS_DATABASE");
    if (word == "NOSCRIPT" || word == "LOADING" || word == "BUSY" || word == "MASTERDOWN")
      return redis_is_away(options, word);
    return redis_refuses(options, fmt::format("a command with {}", word),
                         "its user's rights, memory or role");
  }

  Result<RedisAnswer> next_answer() {
    void* raw = nullptr;
    std::string bytes;
    while (redisReaderGetReply(reader.get(), &raw) == REDIS_OK && raw == nullptr) {
      bytes.clear();
      TRY(channel.receive(bytes));
      redisReaderFeed(reader.get(), bytes.data(), bytes.size());
    }
    if (reader->err != 0) return redis_is_away(options, reader->errstr);
    const Reply reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) return refusal({reply->str, reply->len});
    RedisAnswer answer;
    if (reply->type == REDIS_REPLY_INTEGER) answer.number = reply->integer;
    if (reply->str != nullptr) answer.text.emplace(reply->str, reply->len);
    return answer;
  }

  Result<std::vector<RedisAnswer>> exchange(std::span<const RedisWords> commands) {
    std::string bytes;
    for (const RedisWords& words : commands) append_command(bytes, words);
    TRY(channel.send(bytes));
    std::vector<RedisAnswer> answers;
    for (std::size_t i = 0; i < commands.size(); ++i) answers.push_back(TRY(next_answer()));
    return answers;
  }

  Result<RedisAnswer> call(const RedisWords& words) {
    std::vector<RedisAnswer> answers = TRY(exchange({&words, 1}));
    return std::move(answers.front());
  }

  Result<void> log_in() {
    const std::string password(options.password.reveal());
    if (!options.user.empty()) {
      TRY(call({"AUTH", options.user, password}));
    } else if (!password.empty()) {
      TRY(call({"AUTH", password}));
    }
    if (options.database != 0) TRY(call({"SELECT", std::to_string(options.database)}));
    script_sha = TRY(call({"SCRIPT", "LOAD", std::string(settle_script)})).text.value_or("");
    return {};
  }

  static constexpr std::string_view password_setting =
      "redis.user, redis.password; REDIS_USER, REDIS_PASSWORD";
};

RedisConnection::RedisConnection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisConnection::RedisConnection(RedisConnection&&) noexcept = default;
RedisConnection& RedisConnection::operator=(RedisConnection&&) noexcept = default;
RedisConnection::~RedisConnection() = default;

Result<RedisConnection> RedisConnection::open(const RedisOptions& options) {
  RedisChannel channel = TRY(RedisChannel::open(options));
  std::unique_ptr<Impl> impl(new Impl{options, std::move(channel)});
  TRY(impl->log_in());
  return RedisConnection(std::move(impl));
}

Result<std::vector<RedisAnswer>> RedisConnection::exchange(std::span<const RedisWords> commands) {
  return impl_->exchange(commands);
}

std::string RedisConnection::key(std::string_view name) const {
  return impl_->options.prefix + std::string(name);
}

Result<std::vector<std::int64_t>> RedisConnection::settle(std::span<const Settlement> settlements) {
  std::vector<RedisWords> commands;
  commands.reserve(settlements.size());
  for (const Settlement& one : settlements) {
    commands.push_back({"EVALSHA", impl_->script_sha, "1", key(one.key),
                        std::to_string(one.limit.tokens), std::to_string(one.limit.period_us),
                        std::to_string(one.spent)});
  }
  std::vector<std::int64_t> levels;
  for (const RedisAnswer& answer : TRY(exchange(commands))) levels.push_back(answer.number);
  return levels;
}

Result<void> RedisConnection::ping() {
  TRY(impl_->call({"PING"}));
  return {};
}

Result<std::string> RedisConnection::version() {
  constexpr std::string_view label = "redis_version:";
  const std::string text = TRY(impl_->call({"INFO", "server"})).text.value_or("");
  const std::size_t at = text.find(label);
  if (at == text.npos) return std::string("unknown");
  const std::size_t start = at + label.size();
  return text.substr(start, text.find_first_of("\r\n", start) - start);
}

Result<void> RedisConnection::probe() {
  const Settlement nothing{"probe", {.tokens = 1}, 0};
  TRY(settle({&nothing, 1}));
  const std::string probe = key(nothing.key);
  const std::vector<RedisWords> commands{{"DEL", probe},
                                         {"SET", probe, "", "NX", "PX", "1000"},
                                         {"PEXPIRE", probe, "1000"},
                                         {"GET", probe},
                                         {"PTTL", probe},
                                         {"DEL", probe}};
  TRY(exchange(commands));
  return {};
}

Result<RedisCheck> check_redis(const RedisOptions& options) {
  RedisConnection connection = TRY(RedisConnection::open(options));
  TRY(connection.probe());
  RedisCheck check;
  check.is_encrypted = options.tls.is_on;
  check.version = TRY(connection.version());
  const auto start = std::chrono::steady_clock::now();
  TRY(connection.ping());
  check.round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(
                            std::chrono::steady_clock::now() - start)
                            .count();
  return check;
}

}  // namespace florin::cache
