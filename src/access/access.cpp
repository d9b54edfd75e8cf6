#include "access/access.h"

#include <algorithm>

#include "access/errors.h"
#include "access/key_text.h"
#include "access/stored_keys.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/log/log.h"
#include "platform/sql/errors.h"
#include "platform/sql/table.h"

namespace florin::access {
namespace {

using sql::Query;

const sql::Table<Tenant> all_tenants("tenants", {
                                                    {"id", &Tenant::id, {.role = sql::Role::key}},
                                                    {"name", &Tenant::name},
                                                    {"created_at_us", &Tenant::created_at},
                                                });
const auto tenants_by_id = all_tenants.select("access.tenants", "ORDER BY id");
constexpr Query key_revoke{
    "access.key_revoke",
    "UPDATE api_keys SET revoked_at_us = $2 WHERE id = $1 AND revoked_at_us IS NULL"};

constexpr std::size_t max_name_bytes = 100;

Error invalid(std::string pointer, std::string_view rule, std::string detail) {
  return {florin::errors::validation_failed, detail, {{std::move(pointer), rule, detail}}};
}

Result<void> check_name(std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) != 0x7F;
  });
  if (name.empty() || name.size() > max_name_bytes || !printable) {
    return invalid("/name", "bad_name",
                   "the name must be 1 to 100 bytes without control characters");
  }
  return {};
}

Result<void> check(const NewApiKey& wanted, const Permissions& permissions, Timestamp now) {
  TRY(check_name(wanted.name));
  if (wanted.permissions.empty())
    return invalid("/permissions", "required", "a key needs at least one permission");
  for (const std::string& permission : wanted.permissions) {
    if (!permissions.can_be_given(permission)) {
      return invalid("/permissions", "unknown_value", "there is no permission " + permission);
    }
  }
  if (wanted.rate_limit_per_second.value_or(0) < 0) {
    return invalid("/rate_limit_per_second", "too_small",
                   "the rate limit must not be negative; 0 means none");
  }
  if (wanted.expires_at && *wanted.expires_at <= now) {
    return invalid("/expires_at", "in_the_past", "the expiry must lie in the future");
  }
  return {};
}

}  // namespace

bool Permissions::can_be_given(std::string_view wanted) const {
  if (wanted == "*") return true;
  return std::any_of(all_.begin(), all_.end(), [&](std::string_view name) {
    return wanted == name || (wanted.ends_with(":*") && wanted.substr(0, wanted.size() - 2) ==
                                                            name.substr(0, name.find(':')));
  });
}

Access::Access(sql::Database& database, const Clock& clock, IdGenerator& ids,
               const Permissions& permissions, std::int64_t default_rate_limit_per_second)
    : database_(database),
      clock_(clock),
      ids_(ids),
      permissions_(permissions),
      default_rate_limit_per_second_(default_rate_limit_per_second) {}

Result<Tenant> Access::create_tenant(std::string_view name) {
  TRY(check_name(name));
  const Tenant tenant{{ids_.next()}, std::string(name), clock_.now()};
  const auto written = database_.write([&](sql::Tx& tx) { return all_tenants.insert(tx, tenant); });
  if (!written && written.error().code == sql::errors::constraint_violated) {
    return Error{errors::tenant_exists, "a tenant of this name exists"};
  }
  if (!written) return written.error();
  log::info("tenant created", {{"tenant_id", tenant.id.str()}});
  return tenant;
}

Result<std::vector<Tenant>> Access::tenants() {
  return database_.read([](sql::Tx& tx) { return tenants_by_id.all(tx); });
}

Result<Tenant> Access::find_tenant(std::string_view name_or_id) {
  const auto id = TenantId::parse(name_or_id);
  for (Tenant& tenant : TRY(tenants())) {
    if (tenant.name == name_or_id || (id && tenant.id == *id)) return std::move(tenant);
  }
  return Error{errors::tenant_not_found, "there is no tenant of this name or id"};
}

Result<CreatedApiKey> Access::create_key(const NewApiKey& wanted) {
  const Timestamp now = clock_.now();
  TRY(check(wanted, permissions_, now));
  const Secret secret = new_key_text(wanted.mode);
  StoredKey key;
  key.id = {ids_.next()};
  key.tenant = wanted.tenant;
  key.name = wanted.name;
  key.hash = crypto::sha256(secret.reveal());
  key.hint = hint_of(secret);
  key.mode = wanted.mode;
  key.permissions = wanted.permissions;
  key.rate_limit_per_second = wanted.rate_limit_per_second.value_or(default_rate_limit_per_second_);
  key.expires_at = wanted.expires_at;
  key.created_at = now;
  const auto written = database_.write([&](sql::Tx& tx) { return insert_key(tx, key); });
  // Ids and hashes are new by construction, so what a constraint refuses is the tenant.
  if (!written && written.error().code == sql::errors::constraint_violated) {
    return Error{errors::tenant_not_found, "there is no tenant of this id"};
  }
  if (!written) return written.error();
  log::info("api key created", {{"key_id", key.id.str()}, {"tenant_id", key.tenant.str()}});
  return CreatedApiKey{key, secret};
}

Result<std::vector<ApiKey>> Access::keys(std::optional<TenantId> tenant) {
  std::vector<ApiKey> keys;
  for (StoredKey& stored : TRY(database_.read(load_keys))) {
    if (!tenant || stored.tenant == *tenant) keys.push_back(std::move(stored));
  }
  return keys;
}

Result<ApiKey> Access::revoke_key(ApiKeyId id) {
  const Timestamp now = clock_.now();
  TRY(database_.write([&](sql::Tx& tx) { return tx.exec(key_revoke, {id.value, now.us}); }));
  for (ApiKey& key : TRY(keys(std::nullopt))) {
    if (key.id != id) continue;
    log::info("api key revoked", {{"key_id", id.str()}});
    return std::move(key);
  }
  return Error{errors::api_key_not_found, "there is no API key of this id"};
}

}  // namespace florin::access
