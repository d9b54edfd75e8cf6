#include "webhooks/endpoints/endpoint_store.h"

#include <set>
#include <string>

#include "base/try.h"
#include "platform/crypto/vault.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"
#include "webhooks/endpoints/fields.h"

namespace florin::webhooks {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;

constexpr Query endpoint_insert{
    "webhooks.endpoint_insert",
    "INSERT INTO webhook_endpoints (id, tenant_id, name, url, description, is_trusted, status,"
    " event_types, filter, order_by, retry_delays_ms, timeout_ms, rate_limit_per_second,"
    " max_concurrency, certificate_pem, trusted_ca_pem, start_after, created_at_us, updated_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19)"};
constexpr Query endpoint_update{
    "webhooks.endpoint_update",
    "UPDATE webhook_endpoints SET url = $2, description = $3, status = $4, disabled_reason = $5,"
    " event_types = $6, filter = $7, order_by = $8, retry_delays_ms = $9, timeout_ms = $10,"
    " rate_limit_per_second = $11, max_concurrency = $12, certificate_pem = $13,"
    " trusted_ca_pem = $14, failing_since_us = $15, updated_at_us = $16, start_after = $17"
    " WHERE id = $1"};
#define FLORIN_ENDPOINTS                                                                \
  "SELECT id, tenant_id, name, url, description, is_trusted, status, disabled_reason,"  \
  " event_types, filter, order_by, retry_delays_ms, timeout_ms, rate_limit_per_second," \
  " max_concurrency, certificate_pem, trusted_ca_pem, start_after, failing_since_us,"   \
  " last_failure_at_us, last_success_at_us, created_at_us, updated_at_us FROM webhook_endpoints"
constexpr Query endpoint_by_id{"webhooks.endpoint_by_id",
                               FLORIN_ENDPOINTS " WHERE id = $1 AND status <> 'deleted'"};
constexpr Query endpoint_of_tenant{"webhooks.endpoint_of_tenant", FLORIN_ENDPOINTS
                                   " WHERE id = $1 AND tenant_id = $2 AND status <> 'deleted'"};
constexpr Query endpoint_by_name{"webhooks.endpoint_by_name", FLORIN_ENDPOINTS
                                 " WHERE tenant_id = $1 AND name = $2 AND status <> 'deleted'"};
constexpr Query endpoints_of_tenant{
    "webhooks.endpoints_of_tenant", FLORIN_ENDPOINTS
    " WHERE tenant_id = $1 AND id < $2 AND status <> 'deleted' ORDER BY id DESC"
    " LIMIT $3"};
constexpr Query endpoints_failing{"webhooks.endpoints_failing", FLORIN_ENDPOINTS
                                  " WHERE status = 'enabled' AND failing_since_us IS NOT NULL"
                                  " AND last_failure_at_us - failing_since_us >= $1"};
constexpr Query endpoints_enabled{"webhooks.endpoints_enabled",
                                  FLORIN_ENDPOINTS " WHERE status = 'enabled' ORDER BY id"};
#undef FLORIN_ENDPOINTS
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
constexpr Query secret_insert{
    "webhooks.secret_insert",
    "INSERT INTO webhook_secrets (id, endpoint_id, kind, sealed, created_at_us, expires_at_us)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr Query secrets_valid{
    "webhooks.secrets_valid",
    "SELECT id, kind, sealed, created_at_us, expires_at_us FROM webhook_secrets"
    " WHERE endpoint_id = $1 AND (expires_at_us IS NULL OR expires_at_us > $2) ORDER BY id"};
constexpr Query secrets_all{
    "webhooks.secrets_all",
    "SELECT endpoint_id, id, sealed FROM webhook_secrets"
    " WHERE expires_at_us IS NULL OR expires_at_us > $1 ORDER BY endpoint_id, id"};
constexpr Query secrets_expire{
    "webhooks.secrets_expire",
    "UPDATE webhook_secrets SET expires_at_us = $3 WHERE endpoint_id = $1 AND kind = $2"
    " AND (expires_at_us IS NULL OR expires_at_us > $3)"};
constexpr Query secrets_expired{"webhooks.secrets_remove_expired",
                                "DELETE FROM webhook_secrets WHERE expires_at_us <= $1"};
constexpr Query secrets_of_endpoint{"webhooks.secrets_remove",
                                    "DELETE FROM webhook_secrets WHERE endpoint_id = $1"};

/// Lists and the filter as their columns keep them. Anything else is nothing: an empty list would
/// stand for every event.
std::optional<std::vector<std::string>> texts_of(std::string_view text) {
  return json::from_text<std::vector<std::string>>(text);
}
std::optional<std::vector<std::int64_t>> integers_of(std::string_view text) {
  return json::from_text<std::vector<std::int64_t>>(text);
}
std::optional<FieldFilter> filter_of(std::string_view text) {
  return json::from_text<FieldFilter>(text, filter_codec());
}

/// An endpoint's columns that hold JSON.
struct JsonColumns {
  explicit JsonColumns(const Endpoint& endpoint)
      : event_types(json::to_text(endpoint.selection.event_types)),
        filter(json::to_text(endpoint.selection.filter, filter_codec())),
        retry_delays(json::to_text(endpoint.policy.retry_delays_ms)) {}

  std::string event_types, filter, retry_delays;
};

std::optional<std::string_view> word_of(const std::optional<DisabledReason>& reason) {
  return reason ? std::optional(to_word(*reason)) : std::nullopt;
}

std::string secret_purpose(SecretId id) { return "webhooks.secret:" + id.str(); }
std::string key_purpose(EndpointId id) { return "webhooks.client_key:" + id.str(); }

std::optional<Timestamp> time_at(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Timestamp{row.integer(column)};
}

std::optional<std::int64_t> us_of(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->us) : std::nullopt;
}

Endpoint read_endpoint(const Row& row) {
  Endpoint endpoint;
  endpoint.id = {row.integer(0)};
  endpoint.tenant = {row.integer(1)};
  endpoint.name = row.optional_text(2);
  endpoint.url = std::string(row.text(3));
  endpoint.description = std::string(row.text(4));
  endpoint.is_trusted = row.integer(5) != 0;
  endpoint.status = sql::word(row, 6, "webhook_endpoints.status", parse_word<EndpointStatus>);
  if (!row.is_null(7)) {
    endpoint.disabled_reason =
        sql::word(row, 7, "webhook_endpoints.disabled_reason", parse_word<DisabledReason>);
  }
  endpoint.selection = {sql::word(row, 8, "webhook_endpoints.event_types", texts_of),
                        sql::word(row, 9, "webhook_endpoints.filter", filter_of)};
  endpoint.policy.order_by = row.optional_text(10);
  endpoint.policy.retry_delays_ms =
      sql::word(row, 11, "webhook_endpoints.retry_delays_ms", integers_of);
  endpoint.policy.timeout_ms = static_cast<int>(row.integer(12));
  endpoint.policy.rate_limit_per_second = row.optional_integer(13);
  endpoint.policy.max_concurrency = static_cast<int>(row.integer(14));
  endpoint.tls = {row.optional_text(15), row.optional_text(16)};
  endpoint.start_after = {row.integer(17)};
  endpoint.failing_since = time_at(row, 18);
  endpoint.last_failure_at = time_at(row, 19);
  endpoint.last_success_at = time_at(row, 20);
  endpoint.created_at = {row.integer(21)};
  endpoint.updated_at = {row.integer(22)};
  return endpoint;
}

Result<std::optional<Endpoint>> read_one(sql::Tx& tx, const Query& query,
                                         std::initializer_list<Param> params) {
  std::optional<Endpoint> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read_endpoint(row);
    return false;
  }));
  return found;
}

Result<std::vector<Endpoint>> read_many(sql::Tx& tx, const Query& query,
                                        std::initializer_list<Param> params) {
  std::vector<Endpoint> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found.push_back(read_endpoint(row));
    return true;
  }));
  return found;
}

Result<std::vector<EndpointId>> read_ids(sql::Tx& tx, const Query& query) {
  std::vector<EndpointId> ids;
  TRY(tx.query(query, {}, [&](const Row& row) {
    ids.push_back({row.integer(0)});
    return true;
  }));
  return ids;
}

Result<std::int64_t> read_number(sql::Tx& tx, const Query& query,
                                 std::initializer_list<Param> params) {
  std::int64_t number = 0;
  TRY(tx.query(query, params, [&](const Row& row) {
    number = row.integer(0);
    return false;
  }));
  return number;
}

}  // namespace

Result<void> EndpointStore::insert(sql::Tx& tx, const Endpoint& e) const {
  const JsonColumns json(e);
  TRY(tx.exec(
      endpoint_insert,
      {e.id.value, e.tenant.value, e.name, e.url, e.description, e.is_trusted, to_word(e.status),
       json.event_types, json.filter, e.policy.order_by, json.retry_delays, e.policy.timeout_ms,
       e.policy.rate_limit_per_second, e.policy.max_concurrency, e.tls.certificate_pem,
       e.tls.trusted_ca_pem, e.start_after.value, e.created_at.us, e.updated_at.us}));
  return {};
}

Result<void> EndpointStore::update(sql::Tx& tx, const Endpoint& e) const {
  const JsonColumns json(e);
  TRY(tx.exec(
      endpoint_update,
      {e.id.value, e.url, e.description, to_word(e.status), word_of(e.disabled_reason),
       json.event_types, json.filter, e.policy.order_by, json.retry_delays, e.policy.timeout_ms,
       e.policy.rate_limit_per_second, e.policy.max_concurrency, e.tls.certificate_pem,
       e.tls.trusted_ca_pem, us_of(e.failing_since), e.updated_at.us, e.start_after.value}));
  return {};
}

Result<std::optional<Endpoint>> EndpointStore::find(sql::Tx& tx, TenantId tenant,
                                                    EndpointId id) const {
  return read_one(tx, endpoint_of_tenant, {id.value, tenant.value});
}

Result<std::optional<Endpoint>> EndpointStore::find_by_name(sql::Tx& tx, TenantId tenant,
                                                            std::string_view name) const {
  return read_one(tx, endpoint_by_name, {tenant.value, name});
}

Result<std::optional<Endpoint>> EndpointStore::load(sql::Tx& tx, EndpointId id) const {
  return read_one(tx, endpoint_by_id, {id.value});
}

Result<std::vector<EndpointId>> EndpointStore::all_ids(sql::Tx& tx) const {
  return read_ids(tx, endpoint_ids);
}

Result<std::vector<Endpoint>> EndpointStore::enabled(sql::Tx& tx) const {
  return read_many(tx, endpoints_enabled, {});
}

Result<std::vector<Endpoint>> EndpointStore::list(sql::Tx& tx, TenantId tenant, std::int64_t before,
                                                  int limit) const {
  return read_many(tx, endpoints_of_tenant,
                   {tenant.value, before == 0 ? INT64_MAX : before, limit + 1});
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
  return read_many(tx, endpoints_failing, {duration_us});
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
  const std::string sealed = TRY(vault_.seal(secret.text, secret_purpose(secret.id)));
  TRY(tx.exec(secret_insert, {secret.id.value, endpoint.value, to_word(secret.kind), sealed,
                              secret.created_at.us, us_of(secret.expires_at)}));
  return {};
}

Result<std::vector<EndpointSecret>> EndpointStore::secrets(sql::Tx& tx, EndpointId endpoint,
                                                           Timestamp now) const {
  std::vector<EndpointSecret> secrets;
  std::optional<Error> unreadable;
  TRY(tx.query(secrets_valid, {endpoint.value, now.us}, [&](const Row& row) {
    EndpointSecret secret;
    secret.id = {row.integer(0)};
    secret.kind = sql::word(row, 1, "webhook_secrets.kind", parse_word<SecretKind>);
    secret.created_at = {row.integer(3)};
    secret.expires_at = time_at(row, 4);
    if (auto opened = vault_.open(row.text(2), secret_purpose(secret.id))) {
      secret.text = *std::move(opened);
      secrets.push_back(std::move(secret));
    } else {
      unreadable = opened.error();
    }
    return true;
  }));
  // One that was given anew signs alone.
  if (secrets.empty() && unreadable) return *std::move(unreadable);
  return secrets;
}

Result<std::int64_t> EndpointStore::count_secrets(sql::Tx& tx, EndpointId endpoint, SecretKind kind,
                                                  Timestamp now) const {
  std::int64_t count = 0;
  TRY(tx.query(secrets_valid, {endpoint.value, now.us}, [&](const Row& row) {
    count += row.text(1) == to_word(kind) ? 1 : 0;
    return true;
  }));
  return count;
}

Result<std::vector<std::string>> EndpointStore::unreadable(sql::Tx& tx, Timestamp now) const {
  std::set<std::string> ids;
  TRY(tx.query(secrets_all, {now.us}, [&](const Row& row) {
    const EndpointId endpoint{row.integer(0)};
    if (!vault_.open(row.text(2), secret_purpose({row.integer(1)}))) ids.insert(endpoint.str());
    return true;
  }));
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
