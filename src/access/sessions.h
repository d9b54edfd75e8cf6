#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/timestamp.h"

namespace florin::cache {
class TtlCache;
}

namespace florin::access {

/// Whether browsers are told to send the cookie over TLS alone.
enum class SecureCookie : std::uint8_t {
  by_proxy,  ///< When the proxy in front says that the request came by TLS (X-Forwarded-Proto).
  always
};

struct SessionSettings {
  std::int64_t idle_seconds = 1'800;       ///< Without a request a session ends after this time,
  std::int64_t absolute_seconds = 43'200;  ///< and in any case after this one.
  SecureCookie secure_cookie = SecureCookie::by_proxy;
};

/// A browser that was signed in with an API key and acts for it.
struct Session {
  ApiKeyId key;
  Timestamp began_at, expires_at;  ///< At the latest.
};

struct NewSession {
  Secret token;  ///< For the cookie. The cache holds its hash.
  Session session;
};

/// Sessions, kept in a cache: of all nodes with Redis, of this one without.
/// The authenticator checks whether a session's key is still valid. A token that is not in the
/// cache is rejected, so that none can be chosen from outside. Safe for concurrent use.
class Sessions {
 public:
  Sessions(cache::TtlCache& cache, const Clock& clock, const SessionSettings& settings);

  NewSession begin(ApiKeyId key);
  /// From memory alone, for I/O threads. Nothing: call find().
  std::optional<Session> find_local(const Secret& token) const;
  /// Also counts as use: the idle time-out starts again.
  std::optional<Session> find(const Secret& token);
  /// Ends it on all nodes that can be reached.
  void end(const Secret& token, const Session& session);
  const SessionSettings& settings() const { return settings_; }

 private:
  std::optional<Session> read(const std::optional<std::string>& value) const;

  cache::TtlCache& cache_;
  const Clock& clock_;
  const SessionSettings settings_;
};

/// What a page sends along in X-CSRF-Token: made from the session's token, which no other site can
/// read.
std::string csrf_token_of(const Secret& token);

}  // namespace florin::access
