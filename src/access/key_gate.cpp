#include "access/key_gate.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "access/access.h"
#include "access/errors.h"
#include "access/key_text.h"
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

/// A key with its rate limit, which lives on when the key is loaded again.
struct KnownKey {
  ApiKey key;
  std::string actor;
  std::shared_ptr<cache::RateLimit> limit;  // Null: none.
};

using KnownKeys = std::unordered_map<crypto::Sha256, std::shared_ptr<const KnownKey>, HashOfHash>;

bool allows(const ApiKey& key, std::string_view wanted) {
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

}  // namespace

struct KeyGate::Impl {
  sql::Database& database;
  const Clock& clock;
  cache::RateLimiter& limits;

  std::mutex mutex;  // Guards the pointer and what refresh() compares with; never held during I/O.
  std::shared_ptr<const KnownKeys> keys = std::make_shared<KnownKeys>();
  KeysVersion version;

  std::shared_ptr<const KnownKeys> snapshot() {
    const std::lock_guard lock(mutex);
    return keys;
  }

  std::shared_ptr<const KnownKey> known(const StoredKey& stored, const KnownKeys& earlier) const {
    auto fresh = std::make_shared<KnownKey>();
    fresh->key = stored.key;
    fresh->actor = stored.key.id.str();
    const auto found = earlier.find(stored.hash);
    if (found != earlier.end()) {
      fresh->limit = found->second->limit;
    } else if (stored.key.rate_limit_per_second > 0) {
      fresh->limit = limits.limit("key:" + fresh->actor, {stored.key.rate_limit_per_second});
    }
    return fresh;
  }

  http::Admission judge(const KnownKey& known, const http::Route& route) const {
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
    const http::Admission::RateLimit state{key.rate_limit_per_second, taken.remaining, reset_s};
    if (taken) return {std::move(caller), state};
    return {
        Error{errors::rate_limited, "this API key has used up its requests for now", {}, reset_s},
        state};
  }

  /// A key that memory does not know yet joins it, so that only its first request pays for the
  /// look-up.
  Result<std::shared_ptr<const KnownKey>> look_up(const crypto::Sha256& hash) {
    const auto stored = TRY(database.read([&](sql::Tx& tx) { return load_key(tx, hash); }));
    if (!stored) return std::shared_ptr<const KnownKey>();
    const std::lock_guard lock(mutex);
    if (const auto found = keys->find(hash); found != keys->end()) return found->second;
    auto wider = std::make_shared<KnownKeys>(*keys);
    auto added = known(*stored, *keys);
    wider->emplace(hash, added);
    keys = std::move(wider);
    return added;
  }
};

KeyGate::KeyGate(sql::Database& database, const Clock& clock, cache::RateLimiter& limits)
    : impl_(new Impl{database, clock, limits, {}, std::make_shared<KnownKeys>(), {}}) {}
KeyGate::~KeyGate() = default;

std::optional<http::Admission> KeyGate::try_admit(const http::Request& request,
                                                  const http::Route& route) {
  const std::string_view token = bearer_token(request);
  if (!looks_like_key(token)) return http::Admission{unknown_key()};
  const auto keys = impl_->snapshot();
  const auto found = keys->find(crypto::sha256(token));
  if (found == keys->end()) return std::nullopt;
  return impl_->judge(*found->second, route);
}

http::Admission KeyGate::admit(const http::Request& request, const http::Route& route) {
  const std::string_view token = bearer_token(request);
  if (!looks_like_key(token)) return {unknown_key()};
  const auto found = impl_->look_up(crypto::sha256(token));
  if (!found) return {found.error()};
  if (!*found) return {unknown_key()};
  return impl_->judge(**found, route);
}

Result<void> KeyGate::refresh() {
  const KeysVersion version = TRY(impl_->database.read(keys_version));
  {
    const std::lock_guard lock(impl_->mutex);
    if (version == impl_->version) return {};
  }
  const std::vector<StoredKey> stored = TRY(impl_->database.read(load_keys));
  const std::lock_guard lock(impl_->mutex);
  auto fresh = std::make_shared<KnownKeys>();
  for (const StoredKey& one : stored) fresh->emplace(one.hash, impl_->known(one, *impl_->keys));
  impl_->keys = std::move(fresh);
  impl_->version = version;
  return {};
}

}  // namespace florin::access
