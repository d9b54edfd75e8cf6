#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/words.h"

namespace florin {
class IdGenerator;
}
namespace florin::sql {
class Database;
}

namespace florin::access {

struct Tenant {
  TenantId id;
  std::string name;
  Timestamp created_at;
};

enum class KeyMode : std::uint8_t { live, test };
constexpr auto words_of(KeyMode) {
  return std::to_array<Word<KeyMode>>({{KeyMode::live, "live"}, {KeyMode::test, "test"}});
}

/// What is known of an API key; never the key itself.
struct ApiKey {
  ApiKeyId id;
  TenantId tenant;
  std::string name;
  std::string hint;  ///< "fl_live_…9f3K": enough to recognise it, useless to forge it.
  KeyMode mode = KeyMode::live;
  std::vector<std::string> permissions;    ///< "ledger:read", "ledger:*", "*".
  std::int64_t rate_limit_per_second = 0;  ///< 0: none.
  std::optional<Timestamp> expires_at, revoked_at;
  Timestamp created_at;
};

struct NewApiKey {
  TenantId tenant;
  std::string name;
  KeyMode mode = KeyMode::live;
  std::vector<std::string> permissions;
  std::optional<std::int64_t> rate_limit_per_second;  ///< Absent: the configured default.
  std::optional<Timestamp> expires_at;
};

struct CreatedApiKey {
  ApiKey key;
  Secret secret;  ///< The one time it can be read; the database holds its hash.
};

/// The permissions that the modules declare (modules::Module::permissions).
class Permissions {
 public:
  explicit Permissions(std::vector<std::string_view> all) : all_(std::move(all)) {}
  /// Whether a key can be given it: one of them, all of a kind ("ledger:*"), or "*".
  bool can_be_given(std::string_view wanted) const;

 private:
  std::vector<std::string_view> all_;
};

/// The permission of routes that are for every key; no key needs to be given it.
inline constexpr std::string_view any_key = "any";

/// Tenants and API keys. Safe for concurrent use.
class Access {
 public:
  /// All of them outlive this.
  Access(sql::Database& database, const Clock& clock, IdGenerator& ids,
         const Permissions& permissions, std::int64_t default_rate_limit_per_second);

  /// Errors: validation_failed, tenant_exists.
  Result<Tenant> create_tenant(std::string_view name);
  Result<std::vector<Tenant>> tenants();
  /// By id ("ten_…") or name. Errors: tenant_not_found.
  Result<Tenant> find_tenant(std::string_view name_or_id);

  /// Errors: validation_failed (name, unknown permission, expiry in the past), tenant_not_found.
  Result<CreatedApiKey> create_key(const NewApiKey& wanted);
  Result<std::vector<ApiKey>> keys(std::optional<TenantId> tenant);
  /// Revoking twice changes nothing. Errors: api_key_not_found.
  Result<ApiKey> revoke_key(ApiKeyId id);

 private:
  sql::Database& database_;
  const Clock& clock_;
  IdGenerator& ids_;
  const Permissions& permissions_;
  std::int64_t default_rate_limit_per_second_;
};

}  // namespace florin::access
