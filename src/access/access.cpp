#include "access/access.h"

#include <algorithm>

#include "access/errors.h"
#include "access/key_text.h"
#include "access/stored_keys.h"
#include "base/id_generator.h"
#include "base/try.h"
#include "platform/crypto/hash.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"

namespace florin::access {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;

constexpr Query tenant_insert{"access.tenant_insert",
                              "INSERT INTO tenants (id, name, created_at_us) VALUES ($1, $2, $3)"};
constexpr Query tenants_all{"access.tenants",
                            "SELECT id, name, created_at_us FROM tenants ORDER BY id"};
constexpr Query key_insert{
    "access.key_insert",
    "INSERT INTO api_keys (id, tenant_id, name, hash, hint, mode, permissions,"
    " rate_limit_per_second, expires_at_us, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
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

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

Result<std::vector<Tenant>> load_tenants(sql::Tx& tx) {
  std::vector<Tenant> tenants;
  TRY(tx.query(tenants_all, {}, [&](const Row& row) {
    tenants.push_back({{row.integer(0)}, std::string(row.text(1)), {row.integer(2)}});
    return true;
  }));
  return tenants;
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
  const auto written = database_.write([&](sql::Tx& tx) -> Result<void> {
    TRY(tx.exec(tenant_insert, {tenant.id.value, tenant.name, tenant.created_at.us}));
    return {};
  });
  if (!written && written.error().code == sql::errors::constraint_violated) {
    return Error{errors::tenant_exists, "a tenant of this name exists"};
  }
  if (!written) return written.error();
  log::info("tenant created", {{"tenant_id", tenant.id.str()}});
  return tenant;
}

Result<std::vector<Tenant>> Access::tenants() { return database_.read(load_tenants); }

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
  const crypto::Sha256 hash = crypto::sha256(secret.reveal());
  const ApiKey key{.id = {ids_.next()},
                   .tenant = wanted.tenant,
                   .name = wanted.name,
                   .hint = hint_of(secret),
                   .mode = wanted.mode,
                   .permissions = wanted.permissions,
                   .rate_limit_per_second =
                       wanted.rate_limit_per_second.value_or(default_rate_limit_per_second_),
                   .expires_at = wanted.expires_at,
                   .revoked_at = std::nullopt,
                   .created_at = now};
  const auto expires = key.expires_at ? std::optional(key.expires_at->us) : std::nullopt;
  const auto written = database_.write([&](sql::Tx& tx) -> Result<void> {
    TRY(tx.exec(key_insert, {key.id.value, key.tenant.value, key.name,
                             Param::blob(crypto::bytes_of(hash)), key.hint, mode_word(key.mode),
                             joined(key.permissions), key.rate_limit_per_second, expires, now.us}));
    return {};
  });
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
    if (!tenant || stored.key.tenant == *tenant) keys.push_back(std::move(stored.key));
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
