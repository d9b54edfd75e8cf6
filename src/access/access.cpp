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

bool is_known_permission(std::string_view wanted) {
  if (wanted == "*") return true;
  for (const Permission& permission : all_permissions()) {
    const std::string_view module = permission.name.substr(0, permission.name.find(':'));
    if (wanted == permission.name || wanted == std::string(module) + ":*") return true;
  }
  return false;
}

Result<void> check(const NewApiKey& wanted, Timestamp now) {
  TRY(check_name(wanted.name));
  if (wanted.permissions.empty())
    return invalid("/permissions", "required", "a key needs at least one permission");
  for (const std::string& permission : wanted.permissions) {
    if (!is_known_permission(permission)) {
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

std::vector<Permission> all_permissions() {
  return {{"ledger:read", "Read accounts, transfers, holds, statements and sums."},
          {"ledger:write", "Open and change accounts; post, hold, capture, release and reverse."},
          {"hub:read", "Read partners and wallet transactions."},
          {"hub:write", "Manage partners, open players' wallets, decide stuck transactions."},
          {"events:read", "Read the event log."},
          {"inbound:write", "Tell of events of other systems."},
          {"reconciliation:read", "Read reconciliations, their items and reports."},
          {"reconciliation:write", "Start reconciliations; explain items and propose transfers."},
          {"reconciliation:approve", "Approve or reject transfers proposed with another key."},
          {"webhooks:read", "See webhook endpoints and deliveries."},
          {"webhooks:write", "Make and change webhook endpoints, see their secrets, send again."},
          {"access:read", "See tenants and API keys."},
          {"access:write", "Make and revoke API keys."},
          {"system:read", "See the state of the server's parts."}};
}

Access::Access(sql::Database& database, const Clock& clock, IdGenerator& ids,
               std::int64_t default_rate_limit_per_second)
    : database_(database),
      clock_(clock),
      ids_(ids),
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
  TRY(check(wanted, now));
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
