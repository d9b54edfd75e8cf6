#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::crypto {
class Vault;
}
namespace florin::sql {
class Tx;
}

namespace florin::webhooks {

/// The rows of endpoints and their secrets; secrets are sealed and opened here. Stateless, safe for
/// concurrent use.
class EndpointStore {
 public:
  explicit EndpointStore(const crypto::Vault& vault) : vault_(vault) {}

  Result<void> insert(sql::Tx& tx, const Endpoint& endpoint) const;
  /// Everything but id, tenant, name, trust and the times of attempts.
  Result<void> update(sql::Tx& tx, const Endpoint& endpoint) const;
  Result<std::optional<Endpoint>> find(sql::Tx& tx, TenantId tenant, EndpointId id) const;
  Result<std::optional<Endpoint>> find_by_name(sql::Tx& tx, TenantId tenant,
                                               std::string_view name) const;
  /// Of any tenant.
  Result<std::optional<Endpoint>> load(sql::Tx& tx, EndpointId id) const;
  Result<std::vector<EndpointId>> all_ids(sql::Tx& tx) const;
  /// Those that are enabled, by id.
  Result<std::vector<Endpoint>> enabled(sql::Tx& tx) const;
  /// Newest first, ids below `before`; one more than `limit` when there are more.
  Result<std::vector<Endpoint>> list(sql::Tx& tx, TenantId tenant, std::int64_t before,
                                     int limit) const;
  /// Differs when an endpoint or its secrets change. Without deleted ones, by id.
  struct Version {
    EndpointId endpoint;
    Timestamp updated_at;
    std::int64_t newest_secret = 0;
    friend auto operator<=>(const Version&, const Version&) = default;
  };
  Result<std::vector<Version>> versions(sql::Tx& tx) const;
  Result<std::int64_t> count(sql::Tx& tx, TenantId tenant) const;
  Result<std::int64_t> greatest_id(sql::Tx& tx) const;

  /// Only marks it and removes its secrets; maintenance removes its rows.
  Result<void> mark_deleted(sql::Tx& tx, EndpointId id, Timestamp now) const;
  Result<std::vector<EndpointId>> deleted(sql::Tx& tx) const;
  /// The row itself, when its deliveries are removed.
  Result<void> remove(sql::Tx& tx, EndpointId id) const;

  struct Health {
    std::optional<Timestamp> last_failure_at, last_success_at;
  };
  /// A success clears failing_since; a failure sets it when it is not set.
  Result<void> update_health(sql::Tx& tx, EndpointId id, const Health& health) const;
  /// Enabled endpoints whose failures without a success span this long.
  Result<std::vector<Endpoint>> failing_for(sql::Tx& tx, std::int64_t duration_us) const;

  Result<void> clear_private_key(sql::Tx& tx, EndpointId id) const;
  Result<void> set_private_key(sql::Tx& tx, EndpointId id, const Secret& pem) const;
  Result<std::optional<Secret>> private_key(sql::Tx& tx, EndpointId id) const;
  Result<void> insert_secret(sql::Tx& tx, EndpointId endpoint, const EndpointSecret& secret) const;
  /// Those valid at that time, oldest first, without those that cannot be opened.
  /// Errors: secret_unreadable when none can be.
  Result<std::vector<EndpointSecret>> secrets(sql::Tx& tx, EndpointId endpoint,
                                              Timestamp now) const;
  /// Those valid at that time, readable or not.
  Result<std::int64_t> count_secrets(sql::Tx& tx, EndpointId endpoint, SecretKind kind,
                                     Timestamp now) const;
  /// Ids of endpoints with valid secrets, or a private key, that cannot be opened.
  Result<std::vector<std::string>> unreadable(sql::Tx& tx, Timestamp now) const;
  /// Valid ones of that kind expire at `at`, unless they expire earlier.
  Result<void> expire_secrets(sql::Tx& tx, EndpointId endpoint, SecretKind kind,
                              Timestamp at) const;
  Result<std::int64_t> remove_expired_secrets(sql::Tx& tx, Timestamp before) const;

 private:
  const crypto::Vault& vault_;
};

}  // namespace florin::webhooks
