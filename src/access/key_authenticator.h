#pragma once
#include <memory>

#include "access/access.h"
#include "base/clock.h"
#include "platform/http/server.h"

namespace florin::cache {
class RateLimiter;
}
namespace florin::sql {
class Database;
}

namespace florin::access {
class Sessions;

/// Authenticates requests by `Authorization: Bearer fl_…`: the key's hash is looked up in memory (a
/// copy at most one second old) and in the database when memory does not know it; then expiry,
/// revocation, the route's permission and the key's rate limit. A revoked key stops working
/// within two seconds. Without that header a session's cookie stands for the key that it was begun
/// with; what changes something must then show the session's X-CSRF-Token. Errors: unauthenticated,
/// key_expired, key_revoked, session_expired, csrf_token_invalid, permission_denied, rate_limited.
class KeyAuthenticator final : public http::Authenticator {
 public:
  KeyAuthenticator(sql::Database& database, const Clock& clock, cache::RateLimiter& limits,
                   Sessions& sessions);
  ~KeyAuthenticator() override;
  std::optional<http::Authentication> try_authenticate(const http::Request& request,
                                                       const http::Route& route) override;
  http::Authentication authenticate(const http::Request& request,
                                    const http::Route& route) override;
  /// Reloads the keys in memory; the scheduler calls it every second.
  Result<void> refresh();

  /// A key that was used lately. Errors: unauthenticated.
  Result<ApiKey> key(ApiKeyId id) const;
  /// Counts a sign-in of the key: limited per minute, so that no key fills the cache.
  /// Errors: rate_limited.
  Result<void> take_sign_in(ApiKeyId id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::access
