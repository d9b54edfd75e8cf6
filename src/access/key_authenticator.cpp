#include "access/key_authenticator.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "access/access.h"
#include "access/errors.h"
#include "access/key_text.h"
#include "access/session_cookie.h"
#include "access/sessions.h"
#include "access/stored_keys.h"
#include "base/try.h"
#include "platform/cache/rate_limiter.h"
#include "platform/sql/database.h"

namespace florin::access {
namespace {

struct HashOfHash {
  std::size_t operator()(const crypto::Sha256& hash) const noexcept {
    std::size_t bits = 0;
    std::memcpy(&bits, hash.data(), sizeof bits);
    return bits;
  }
};

/// Sign-ins of a key: so many at once and in a minute.
constexpr cache::Limit sign_in_limit{.tokens = 30, .period_us = 60'000'000};

/// A key with its limits, which live on when the key is loaded again.
struct KnownKey {
  ApiKey key;
  std::string actor;
  std::shared_ptr<cache::RateLimit> limit;  // Null: none.
  std::shared_ptr<cache::RateLimit> sign_ins;
};

struct KnownKeys {
  std::unordered_map<crypto::Sha256, std::shared_ptr<const KnownKey>, HashOfHash> by_hash;
  std::unordered_map<ApiKeyId, std::shared_ptr<const KnownKey>> by_id;

  std::shared_ptr<const KnownKey> find(const crypto::Sha256& hash) const {
    const auto found = by_hash.find(hash);
    return found == by_hash.end() ? nullptr : found->second;
  }
  std::shared_ptr<const KnownKey> find(ApiKeyId id) const {
    const auto found = by_id.find(id);
    return found == by_id.end() ? nullptr : found->second;
  }
  void add(const crypto::Sha256& hash, const std::shared_ptr<const KnownKey>& key) {
    by_hash.emplace(hash, key);
    by_id.emplace(key->key.id, key);
  }
};

bool allows(const ApiKey& key, std::string_view wanted) {
  if (wanted == any_key) return true;
  for (const std::string& has : key.permissions) {
    if (has == "*" || has == wanted) return true;
    if (has.ends_with(":*") && wanted.starts_with(std::string_view(has).substr(0, has.size() - 1)))
      return true;
  }
  return false;
}

/// The token of `Authorization: Bearer TOKEN`; empty when there is none of that form.
std::string_view bearer_token(const http::Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view header = request.header("Authorization").value_or("");
  if (header.size() <= scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    if ((header[i] | 0x20) != scheme[i] && header[i] != scheme[i]) return {};
  }
  return header.substr(scheme.size());
}

/// Until the next token, or, when one was taken, until the bucket is full: in whole seconds, and a
/// second fills it.
int seconds_until(const cache::Taken& taken) {
  constexpr std::int64_t second_us = 1'000'000;
  return static_cast<int>(std::max<std::int64_t>(1, (taken.wait_us + second_us - 1) / second_us));
}

Error unknown_key() {
  return {errors::unauthenticated, "send a valid API key as Authorization: Bearer fl_..."};
}

Error session_over() { return {errors::session_expired, "this session has ended; sign in again"}; }

/// A browser adds the cookie to what other sites make it send; only our own pages know this token.
Result<void> check_csrf_token(const http::Request& request, const Secret& token) {
  if (request.method == "GET" || request.method == "HEAD") return {};
  const std::string_view given = request.header("X-CSRF-Token").value_or("");
  if (crypto::equal_constant_time(given, csrf_token_of(token))) return {};
  return Error{errors::csrf_token_invalid,
               "send the session's csrf_token in the header X-CSRF-Token"};
}

}  // namespace

struct KeyAuthenticator::Impl {
  sql::Database& database;
  const Clock& clock;
  cache::RateLimiter& limits;
  Sessions& sessions;

  std::mutex mutex;  // Guards the pointer and what refresh() compares with; never held during I/O.
  std::shared_ptr<const KnownKeys> keys = std::make_shared<KnownKeys>();
  KeysVersion version;

  std::shared_ptr<const KnownKeys> snapshot() {
    const std::lock_guard lock(mutex);
    return keys;
  }

  std::shared_ptr<const KnownKey> known(const StoredKey& stored, const KnownKeys& earlier) const {
    auto fresh = std::make_shared<KnownKey>();
    fresh->key = stored;
    fresh->actor = stored.id.str();
    if (const auto found = earlier.find(stored.hash)) {
      fresh->limit = found->limit;
      fresh->sign_ins = found->sign_ins;
      return fresh;
    }
    fresh->sign_ins = limits.limit("sign-in:" + fresh->actor, sign_in_limit);
    if (stored.rate_limit_per_second > 0)
      fresh->limit = limits.limit("key:" + fresh->actor, {stored.rate_limit_per_second});
    return fresh;
  }

  http::Authentication check(const KnownKey& known, const http::Route& route) const {
    const ApiKey& key = known.key;
    const Timestamp now = clock.now();
    if (key.revoked_at) return {Error{errors::key_revoked, "this API key was revoked"}};
    if (key.expires_at && *key.expires_at <= now)
      return {Error{errors::key_expired, "this API key has expired"}};
    if (!allows(key, route.permission)) {
      return {Error{errors::permission_denied,
                    "this API key lacks the permission " + route.permission}};
    }
    http::Caller caller{key.tenant, known.actor, key.mode == KeyMode::test};
    if (!known.limit) return {std::move(caller)};
    const cache::Taken taken = known.limit->take(now);
    const int reset_s = seconds_until(taken);
    const http::Authentication::RateLimit state{key.rate_limit_per_second, taken.remaining,
                                                reset_s};
    if (taken) return {std::move(caller), state};
    return {Error{errors::rate_limited, "rate limit exceeded for this API key", {}, reset_s},
            state};
  }

  /// Reloads all keys when any was added or revoked.
  Result<void> refresh() {
    const KeysVersion found = TRY(database.read(keys_version));
    {
      const std::lock_guard lock(mutex);
      if (found == version) return {};
    }
    const std::vector<StoredKey> stored = TRY(database.read(load_keys));
    const std::lock_guard lock(mutex);
    auto fresh = std::make_shared<KnownKeys>();
    for (const StoredKey& one : stored) fresh->add(one.hash, known(one, *keys));
    keys = std::move(fresh);
    version = found;
    return {};
  }

  /// A session that began on another node may be of a key that was made a moment ago.
  Result<std::shared_ptr<const KnownKey>> key_of_session(const Secret& token) {
    const auto session = sessions.find(token);
    if (!session) return session_over();
    if (auto found = snapshot()->find(session->key)) return found;
    TRY(refresh());
    if (auto found = snapshot()->find(session->key)) return found;
    return session_over();
  }

  struct BySession {
    const http::Request& request;
    const http::Route& route;
    const Secret& token;
  };
  http::Authentication check_session(const BySession& asked, const KnownKey& known) const {
    if (auto checked = check_csrf_token(asked.request, asked.token); !checked)
      return {checked.error()};
    return check(known, asked.route);
  }

  /// A key that memory does not know yet joins it, so that only its first request pays for the
  /// look-up.
  Result<std::shared_ptr<const KnownKey>> look_up(const crypto::Sha256& hash) {
    const auto stored = TRY(database.read([&](sql::Tx& tx) { return load_key(tx, hash); }));
    if (!stored) return std::shared_ptr<const KnownKey>();
    const std::lock_guard lock(mutex);
    if (auto found = keys->find(hash)) return found;
    auto wider = std::make_shared<KnownKeys>(*keys);
    auto added = known(*stored, *keys);
    wider->add(hash, added);
    keys = std::move(wider);
    return added;
  }
};

KeyAuthenticator::KeyAuthenticator(sql::Database& database, const Clock& clock,
                                   cache::RateLimiter& limits, Sessions& sessions)
    : impl_(new Impl{database, clock, limits, sessions, {}, std::make_shared<KnownKeys>(), {}}) {}
KeyAuthenticator::~KeyAuthenticator() = default;

std::optional<http::Authentication> KeyAuthenticator::try_authenticate(const http::Request& request,
                                                                       const http::Route& route) {
  if (const auto token = session_token_of(request)) {
    const auto session = impl_->sessions.find_local(*token);
    const auto known = session ? impl_->snapshot()->find(session->key) : nullptr;
    if (!known) return std::nullopt;
    return impl_->check_session({request, route, *token}, *known);
  }
  const std::string_view token = bearer_token(request);
  if (!looks_like_key(token)) return http::Authentication{unknown_key()};
  const auto found = impl_->snapshot()->find(crypto::sha256(token));
  if (!found) return std::nullopt;
  return impl_->check(*found, route);
}

http::Authentication KeyAuthenticator::authenticate(const http::Request& request,
                                                    const http::Route& route) {
  if (const auto token = session_token_of(request)) {
    const auto known = impl_->key_of_session(*token);
    if (!known) return {known.error()};
    return impl_->check_session({request, route, *token}, **known);
  }
  const std::string_view token = bearer_token(request);
  if (!looks_like_key(token)) return {unknown_key()};
  const auto found = impl_->look_up(crypto::sha256(token));
  if (!found) return {found.error()};
  if (!*found) return {unknown_key()};
  return impl_->check(**found, route);
}

Result<ApiKey> KeyAuthenticator::key(ApiKeyId id) const {
  const auto known = impl_->snapshot()->find(id);
  if (!known) return unknown_key();
  return known->key;
}

Result<void> KeyAuthenticator::take_sign_in(ApiKeyId id) {
  const auto known = impl_->snapshot()->find(id);
  if (!known) return unknown_key();
  const cache::Taken taken = known->sign_ins->take(impl_->clock.now());
  if (taken) return {};
  return Error{
      errors::rate_limited, "sign-in limit exceeded for this API key", {}, seconds_until(taken)};
}

Result<void> KeyAuthenticator::refresh() { return impl_->refresh(); }

}  // namespace florin::access
