#pragma once
#include <memory>

#include "base/clock.h"
#include "platform/http/server.h"

namespace florin::cache {
class RateLimiter;
}
namespace florin::sql {
class Database;
}

namespace florin::access {

/// Admits requests by `Authorization: Bearer fl_…`: the key's hash is looked up in memory (a copy
/// at most one second old) and in the database when memory does not know it; then expiry,
/// revocation, the route's permission and the key's rate limit. A revoked key stops working
/// within two seconds. Errors: unauthenticated, key_expired, key_revoked, permission_denied,
/// rate_limited.
class KeyGate final : public http::Gate {
 public:
  KeyGate(sql::Database& database, const Clock& clock, cache::RateLimiter& limits);
  ~KeyGate() override;
  std::optional<http::Admission> try_admit(const http::Request& request,
                                           const http::Route& route) override;
  http::Admission admit(const http::Request& request, const http::Route& route) override;
  /// Reloads what memory knows; the scheduler calls it every second.
  Result<void> refresh();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::access
