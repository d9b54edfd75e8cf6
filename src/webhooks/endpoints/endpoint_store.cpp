#include "webhooks/endpoints/endpoint_store.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/try.h"
#include "platform/crypto/vault.h"
#include "platform/sql/table.h"
#include "webhooks/endpoints/fields.h"

namespace florin::webhooks {
namespace {

using sql::Query;
using sql::Role;
using sql::Row;
using sql::within;

/// Lists and the filter as their columns keep them. Anything else is nothing: an empty list would
/// stand for every event.
std::string text_of_types(const std::vector<std::string>& types) { return json::to_text(types); }
std::optional<std::vector<std::string>> types_of(std::string_view text) {
  return json::from_text<std::vector<std::string>>(text);
}
std::string text_of_delays(const std::vector<std::int64_t>& delays) {
  return json::to_text(delays);
}
std::optional<std::vector<std::int64_t>> delays_of(std::string_view text) {
  return json::from_text<std::vector<std::int64_t>>(text);
}
std::string text_of_filter(const FieldFilter& filter) {
  return json::to_text(filter, filter_codec());
}
std::optional<FieldFilter> filter_of(std::string_view text) {
  return json::from_text<FieldFilter>(text, filter_codec());
}

const sql::Table<Endpoint> endpoints(
    "webhook_endpoints",
    {
        {"id", &Endpoint::id, {.role = Role::key}},
        {"tenant_id", &Endpoint::tenant, {.role = Role::key}},
        {"name", &Endpoint::name, {.role = Role::fixed}},
        {"url", &Endpoint::url},
        {"description", &Endpoint::description},
        {"is_trusted", &Endpoint::is_trusted, {.role = Role::fixed}},
        {"status", &Endpoint::status},
        {"disabled_reason", &Endpoint::disabled_reason},
        {"event_types",
         within(&Endpoint::selection, &Selection::event_types),
         {text_of_types, types_of}},
        {"filter", within(&Endpoint::selection, &Selection::filter), {text_of_filter, filter_of}},
        {"order_by", within(&Endpoint::policy, &DeliveryPolicy::order_by)},
        {"retry_delays_ms",
         within(&Endpoint::policy, &DeliveryPolicy::retry_delays_ms),
         {text_of_delays, delays_of}},
        {"timeout_ms", within(&Endpoint::policy, &DeliveryPolicy::timeout_ms)},
        {"rate_limit_per_second",
         within(&Endpoint::policy, &DeliveryPolicy::rate_limit_per_second)},
        {"max_concurrency", within(&Endpoint::policy, &DeliveryPolicy::max_concurrency)},
        {"certificate_pem", within(&Endpoint::tls, &Tls::certificate_pem)},
        {"trusted_ca_pem", within(&Endpoint::tls, &Tls::trusted_ca_pem)},
        {"start_after", &Endpoint::start_after},
        {"failing_since_us", &Endpoint::failing_since},
        {"last_failure_at_us", &Endpoint::last_failure_at, {.role = Role::fixed}},
        {"last_success_at_us", &Endpoint::last_success_at, {.role = Role::fixed}},
        {"created_at_us", &Endpoint::created_at, {.role = Role::fixed}},
        {"updated_at_us", &Endpoint::updated_at},
    });
const auto endpoint_by_id =
    endpoints.select("webhooks.endpoint_by_id", "WHERE id = $1 AND status <> 'deleted'");
const auto endpoint_of_tenant = endpoints.select(
    "webhooks.endpoint_of_tenant", "WHERE id = $1 AND tenant_id = $2 AND status <> 'deleted'");
const auto endpoint_by_name = endpoints.select(
    "webhooks.endpoint_by_name", "WHERE tenant_id = $1 AND name = $2 AND status <> 'deleted'");
const auto endpoints_of_tenant = endpoints.select(
    "webhooks.endpoints_of_tenant",
    "WHERE tenant_id = $1 AND id < $2 AND status <> 'deleted' ORDER BY id DESC LIMIT $3");
const auto endpoints_failing =
    endpoints.select("webhooks.endpoints_failing",
                     "WHERE status = 'enabled' AND failing_since_us IS NOT NULL"
                     " AND last_failure_at_us - failing_since_us >= $1");
const auto endpoints_enabled =
    endpoints.select("webhooks.endpoints_enabled", "WHERE status = 'enabled' ORDER BY id");
constexpr Query endpoint_ids{"webhooks.endpoint_ids",
                             "SELECT id FROM webhook_endpoints WHERE status <> 'deleted'"};
constexpr Query endpoint_versions{
    "webhooks.endpoint_versions",
    "SELECT e.id, e.updated_at_us, coalesce(max(s.id), 0) FROM webhook_endpoints e"
    " LEFT JOIN webhook_secrets s ON s.endpoint_id = e.id WHERE e.status <> 'deleted'"
    " GROUP BY e.id, e.updated_at_us ORDER BY e.id"};
constexpr Query endpoint_count{
    "webhooks.endpoint_count",
    "SELECT count(*) FROM webhook_endpoints WHERE tenant_id = $1 AND status <> 'deleted'"};
constexpr Query endpoint_greatest{"webhooks.endpoint_greatest",
                                  "SELECT max(id) FROM webhook_endpoints"};
constexpr Query endpoint_delete{
    "webhooks.endpoint_mark_deleted",
    "UPDATE webhook_endpoints SET status = 'deleted', sealed_private_key = NULL,"
    " updated_at_us = $2 WHERE id = $1"};
constexpr Query endpoints_deleted{"webhooks.endpoints_deleted",
                                  "SELECT id FROM webhook_endpoints WHERE status = 'deleted'"};
constexpr Query endpoint_remove{"webhooks.endpoint_remove",
                                "DELETE FROM webhook_endpoints WHERE id = $1"};
constexpr Query health_failure{"webhooks.health_failure",
                               "UPDATE webhook_endpoints SET last_failure_at_us = $2,"
                               " failing_since_us = coalesce(failing_since_us, $2) WHERE id = $1"};
constexpr Query health_success{"webhooks.health_success",
                               "UPDATE webhook_endpoints SET last_success_at_us = $2,"
                               " failing_since_us = NULL WHERE id = $1"};
constexpr Query key_set{"webhooks.private_key_set",
                        "UPDATE webhook_endpoints SET sealed_private_key = $2 WHERE id = $1"};
constexpr Query key_clear{"webhooks.private_key_clear",
                          "UPDATE webhook_endpoints SET sealed_private_key = NULL WHERE id = $1"
                          " AND sealed_private_key IS NOT NULL"};
constexpr Query key_get{"webhooks.private_key",
                        "SELECT sealed_private_key FROM webhook_endpoints WHERE id = $1"};
constexpr Query keys_all{"webhooks.private_keys_all",
                         "SELECT id, sealed_private_key FROM webhook_endpoints"
                         " WHERE sealed_private_key IS NOT NULL ORDER BY id"};
/// A secret as its row keeps it.
struct SealedSecret {
  SecretId id;
  EndpointId endpoint;
  SecretKind kind = SecretKind::hmac;
  std::string sealed;
  Timestamp created_at;
  std::optional<Timestamp> expires_at;
};
const sql::Table<SealedSecret> sealed_secrets("webhook_secrets",
                                              {
                                                  {"id", &SealedSecret::id, {.role = Role::key}},
                                                  {"endpoint_id", &SealedSecret::endpoint},
                                                  {"kind", &SealedSecret::kind},
                                                  {"sealed", &SealedSecret::sealed},
                                                  {"created_at_us", &SealedSecret::created_at},
                                                  {"expires_at_us", &SealedSecret::expires_at},
                                              });
const auto secrets_valid = sealed_secrets.select(
    "webhooks.secrets_valid",
    "WHERE endpoint_id = $1 AND (expires_at_us IS NULL OR expires_at_us > $2) ORDER BY id");
const auto secrets_all = sealed_secrets.select(
    "webhooks.secrets_all",
    "WHERE expires_at_us IS NULL OR expires_at_us > $1 ORDER BY endpoint_id, id");
constexpr Query secrets_expire{
    "webhooks.secrets_expire",
    "UPDATE webhook_secrets SET expires_at_us = $3 WHERE endpoint_id = $1 AND kind = $2"
    " AND (expires_at_us IS NULL OR expires_at_us > $3)"};
constexpr Query secrets_expired{"webhooks.secrets_remove_expired",
                                "DELETE FROM webhook_secrets WHERE expires_at_us <= $1"};
constexpr Query secrets_of_endpoint{"webhooks.secrets_remove",
                                    "DELETE FROM webhook_secrets WHERE endpoint_id = $1"};

std::string secret_purpose(SecretId id) { return "webhooks.secret:" + id.str(); }
std::string key_purpose(EndpointId id) { return "webhooks.client_key:" + id.str(); }

Result<std::vector<EndpointId>> read_ids(sql::Tx& tx, const Query& query) {
  std::vector<EndpointId> ids;
  TRY(tx.query(query, {}, [&](const Row& row) {
    ids.push_back({row.integer(0)});
    return true;
  }));
  return ids;
}

Result<std::int64_t> read_number(sql::Tx& tx, const Query& query,
                                 std::initializer_list<sql::Param> params) {
  std::int64_t number = 0;
  TRY(tx.query(query, params, [&](const Row& row) {
    number = row.integer(0);
    return false;
  }));
  return number;
}

}  // namespace

Result<void> EndpointStore::insert(sql::Tx& tx, const Endpoint& endpoint) const {
  return endpoints.insert(tx, endpoint);
}

Result<void> EndpointStore::update(sql::Tx& tx, const Endpoint& endpoint) const {
  return endpoints.send_change(tx, endpoint);
}

Result<std::optional<Endpoint>> EndpointStore::find(sql::Tx& tx, TenantId tenant,
                                                    EndpointId id) const {
  return endpoint_of_tenant.first(tx, {id.value, tenant.value});
}

Result<std::optional<Endpoint>> EndpointStore::find_by_name(sql::Tx& tx, TenantId tenant,
                                                            std::string_view name) const {
  return endpoint_by_name.first(tx, {tenant.value, name});
}

Result<std::optional<Endpoint>> EndpointStore::load(sql::Tx& tx, EndpointId id) const {
  return endpoint_by_id.first(tx, {id.value});
}

Result<std::vector<EndpointId>> EndpointStore::all_ids(sql::Tx& tx) const {
  return read_ids(tx, endpoint_ids);
}

Result<std::vector<Endpoint>> EndpointStore::enabled(sql::Tx& tx) const {
  return endpoints_enabled.all(tx);
}

Result<std::vector<Endpoint>> EndpointStore::list(sql::Tx& tx, TenantId tenant, std::int64_t before,
                                                  int limit) const {
  return endpoints_of_tenant.all(tx, {tenant.value, before == 0 ? INT64_MAX : before, limit + 1});
}

Result<std::vector<EndpointStore::Version>> EndpointStore::versions(sql::Tx& tx) const {
  std::vector<Version> versions;
  TRY(tx.query(endpoint_versions, {}, [&](const Row& row) {
    versions.push_back({{row.integer(0)}, {row.integer(1)}, row.integer(2)});
    return true;
  }));
  return versions;
}

Result<std::int64_t> EndpointStore::count(sql::Tx& tx, TenantId tenant) const {
  return read_number(tx, endpoint_count, {tenant.value});
}

Result<std::int64_t> EndpointStore::greatest_id(sql::Tx& tx) const {
  return read_number(tx, endpoint_greatest, {});
}

Result<void> EndpointStore::mark_deleted(sql::Tx& tx, EndpointId id, Timestamp now) const {
  TRY(tx.exec(endpoint_delete, {id.value, now.us}));
  TRY(tx.exec(secrets_of_endpoint, {id.value}));
  return {};
}

Result<std::vector<EndpointId>> EndpointStore::deleted(sql::Tx& tx) const {
  return read_ids(tx, endpoints_deleted);
}

Result<void> EndpointStore::remove(sql::Tx& tx, EndpointId id) const {
  TRY(tx.exec(endpoint_remove, {id.value}));
  return {};
}

Result<void> EndpointStore::update_health(sql::Tx& tx, EndpointId id, const Health& health) const {
  if (health.last_success_at) TRY(tx.exec(health_success, {id.value, health.last_success_at->us}));
  if (health.last_failure_at && health.last_failure_at > health.last_success_at)
    TRY(tx.exec(health_failure, {id.value, health.last_failure_at->us}));
  return {};
}

Result<std::vector<Endpoint>> EndpointStore::failing_for(sql::Tx& tx,
                                                         std::int64_t duration_us) const {
  return endpoints_failing.all(tx, {duration_us});
}

Result<void> EndpointStore::clear_private_key(sql::Tx& tx, EndpointId id) const {
  TRY(tx.exec(key_clear, {id.value}));
  return {};
}

Result<void> EndpointStore::set_private_key(sql::Tx& tx, EndpointId id, const Secret& pem) const {
  const std::string sealed = TRY(vault_.seal(pem, key_purpose(id)));
  TRY(tx.exec(key_set, {id.value, sealed}));
  return {};
}

Result<std::optional<Secret>> EndpointStore::private_key(sql::Tx& tx, EndpointId id) const {
  std::optional<std::string> sealed;
  TRY(tx.query(key_get, {id.value}, [&](const Row& row) {
    sealed = row.optional_text(0);
    return false;
  }));
  if (!sealed) return std::optional<Secret>();
  return std::optional(TRY(vault_.open(*sealed, key_purpose(id))));
}

Result<void> EndpointStore::insert_secret(sql::Tx& tx, EndpointId endpoint,
                                          const EndpointSecret& secret) const {
  std::string sealed = TRY(vault_.seal(secret.text, secret_purpose(secret.id)));
  return sealed_secrets.insert(tx, SealedSecret{secret.id, endpoint, secret.kind, std::move(sealed),
                                                secret.created_at, secret.expires_at});
}

Result<std::vector<EndpointSecret>> EndpointStore::secrets(sql::Tx& tx, EndpointId endpoint,
                                                           Timestamp now) const {
  std::vector<EndpointSecret> secrets;
  std::optional<Error> unreadable;
  for (const SealedSecret& row : TRY(secrets_valid.all(tx, {endpoint.value, now.us}))) {
    if (auto text = vault_.open(row.sealed, secret_purpose(row.id))) {
      secrets.push_back({row.id, row.kind, *std::move(text), row.created_at, row.expires_at});
    } else {
      unreadable = text.error();
    }
  }
  // Where some open, those that do not are ignored.
  if (secrets.empty() && unreadable) return *std::move(unreadable);
  return secrets;
}

Result<std::int64_t> EndpointStore::count_secrets(sql::Tx& tx, EndpointId endpoint, SecretKind kind,
                                                  Timestamp now) const {
  const auto valid = TRY(secrets_valid.all(tx, {endpoint.value, now.us}));
  return std::count_if(valid.begin(), valid.end(),
                       [&](const SealedSecret& secret) { return secret.kind == kind; });
}

Result<std::vector<std::string>> EndpointStore::unreadable(sql::Tx& tx, Timestamp now) const {
  std::set<std::string> ids;
  for (const SealedSecret& secret : TRY(secrets_all.all(tx, {now.us}))) {
    if (!vault_.open(secret.sealed, secret_purpose(secret.id))) ids.insert(secret.endpoint.str());
  }
  TRY(tx.query(keys_all, {}, [&](const Row& row) {
    const EndpointId endpoint{row.integer(0)};
    if (!vault_.open(row.text(1), key_purpose(endpoint))) ids.insert(endpoint.str());
    return true;
  }));
  return std::vector<std::string>(ids.begin(), ids.end());
}

Result<void> EndpointStore::expire_secrets(sql::Tx& tx, EndpointId endpoint, SecretKind kind,
                                           Timestamp at) const {
  TRY(tx.exec(secrets_expire, {endpoint.value, to_word(kind), at.us}));
  return {};
}

Result<std::int64_t> EndpointStore::remove_expired_secrets(sql::Tx& tx, Timestamp before) const {
  return tx.exec(secrets_expired, {before.us});
}

}  // namespace florin::webhooks
