#include "access/sessions.h"

#include <algorithm>
#include <charconv>

#include "platform/cache/ttl_cache.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/random.h"
#include "platform/log/log.h"

namespace florin::access {
namespace {

/// 256 bits, so that a plain SHA-256 protects it in the cache.
constexpr std::size_t token_length = 43;

std::string name_of(const Secret& token) {
  return "session:" + crypto::to_hex(crypto::bytes_of(crypto::sha256(token.reveal())));
}

/// "KEY BEGAN", two whole numbers: nothing personal, and nothing that lets anybody in.
std::string value_of(const Session& session) {
  return std::to_string(session.key.value) + " " + std::to_string(session.began_at.us);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::int64_t ms_until(Timestamp end, Timestamp now) {
  return std::max<std::int64_t>(1, (end.us - now.us) / 1'000);
}

}  // namespace

Sessions::Sessions(cache::TtlCache& cache, const Clock& clock, const SessionSettings& settings)
    : cache_(cache), clock_(clock), settings_(settings) {}

NewSession Sessions::begin(ApiKeyId key) {
  const Timestamp now = clock_.now();
  NewSession made{Secret(crypto::random_base62(token_length)),
                  {key, now, now.plus_seconds(settings_.absolute_seconds)}};
  const std::int64_t seconds = std::min(settings_.idle_seconds, settings_.absolute_seconds);
  cache_.put(name_of(made.token), value_of(made.session), seconds * 1'000);
  log::info("session began", {{"key_id", key.str()}});
  return made;
}

std::optional<Session> Sessions::find_local(const Secret& token) const {
  return read(cache_.find_local(name_of(token)));
}

std::optional<Session> Sessions::find(const Secret& token) {
  const std::string name = name_of(token);
  const auto session = read(cache_.find(name));
  if (!session) return std::nullopt;
  const Timestamp now = clock_.now();
  const Timestamp idle_until = now.plus_seconds(settings_.idle_seconds);
  cache_.extend(name, ms_until(std::min(idle_until, session->expires_at), now));
  return session;
}

void Sessions::end(const Secret& token, const Session& session) {
  cache_.erase(name_of(token), ms_until(session.expires_at, clock_.now()));
  log::info("session ended", {{"key_id", session.key.str()}});
}

std::optional<Session> Sessions::read(const std::optional<std::string>& value) const {
  if (!value) return std::nullopt;
  const std::string_view text = *value;
  const std::size_t space = std::min(text.find(' '), text.size());
  const auto key = whole_number(text.substr(0, space));
  const auto began = whole_number(text.substr(std::min(space + 1, text.size())));
  if (!key || !began) return std::nullopt;
  const Timestamp began_at{*began};
  const Session session{{*key}, began_at, began_at.plus_seconds(settings_.absolute_seconds)};
  if (session.expires_at <= clock_.now()) return std::nullopt;
  return session;
}

std::string csrf_token_of(const Secret& token) {
  return crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(token.reveal(), "csrf")));
}

}  // namespace florin::access
