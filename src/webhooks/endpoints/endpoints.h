#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/actor.h"
#include "base/clock.h"
#include "base/page.h"
#include "base/result.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint.h"
#include "webhooks/endpoints/endpoint_changes.h"
#include "webhooks/settings.h"

namespace florin {
class IdGenerator;
}
namespace florin::events {
class EventLog;
}
namespace florin::http_client {
class AddressGuard;
}
namespace florin::sql {
class Tx;
}

namespace florin::webhooks {
class EndpointStore;

/// An endpoint with the public halves of its ed25519 keys, for receivers that verify with them.
struct EndpointView {
  Endpoint endpoint;
  std::vector<std::string> public_keys;
};

/// The rules of endpoints. Functions with a Tx are a part of the caller's unit of work, who holds
/// an announcement of EndpointChanges around it when the function changes an endpoint. Stateless,
/// safe for concurrent use.
class Endpoints {
 public:
  struct Parts {
    const EndpointStore& store;
    events::EventLog& events;
    IdGenerator& ids;
    const Clock& clock;
    const http_client::AddressGuard& guard;
    const Settings& settings;
  };
  explicit Endpoints(Parts parts) : parts_(parts) {}

  /// Checks without the database that may resolve names: call them before the unit of work.
  /// Errors: webhook_url_refused, validation_failed.
  Result<void> check(const EndpointDraft& wanted) const;
  Result<void> check_url(std::string_view url) const;
  Result<void> check(const Rotation& rotation) const;

  /// Errors: webhook_endpoint_limit.
  Result<EndpointView> create(sql::Tx& tx, const Actor& actor, const EndpointDraft& wanted) const;
  /// Errors: webhook_endpoint_not_found, here and below.
  Result<EndpointView> get(sql::Tx& tx, TenantId tenant, EndpointId id) const;
  /// Newest first.
  Result<Paged<Endpoint>> list(sql::Tx& tx, TenantId tenant, const PageRequest& page) const;
  /// Enabling forgets earlier failures. Errors: those of `change`; webhook_endpoint_managed.
  Result<EndpointView> change(sql::Tx& tx, const Actor& actor, EndpointId id,
                              const EndpointChange& change) const;
  /// Its deliveries are removed in the background. Errors: webhook_endpoint_managed.
  Result<void> remove(sql::Tx& tx, const Actor& actor, EndpointId id) const;
  /// The valid ones, oldest first. Errors: secret_unreadable.
  Result<std::vector<EndpointSecret>> secrets(sql::Tx& tx, TenantId tenant, EndpointId id) const;
  /// Ids of those with secrets or keys that cannot be opened; they need new ones.
  Result<std::vector<std::string>> unreadable(sql::Tx& tx) const;
  /// Returns the new secret. Errors: webhook_secret_limit.
  Result<EndpointSecret> rotate(sql::Tx& tx, const Actor& actor, EndpointId id,
                                const Rotation& rotation) const;
  /// Writes a `webhook.test` event and its delivery to this endpoint alone, whatever it selects.
  /// Errors: webhook_endpoint_disabled.
  Result<Delivery> send_test(sql::Tx& tx, const Actor& actor, EndpointId id) const;
  /// Starts a replay; its deliveries are created in the background.
  /// Errors: webhook_endpoint_disabled.
  Result<void> replay(sql::Tx& tx, TenantId tenant, EndpointId id,
                      const ReplayRequest& request) const;

  /// Ends deliveries to an endpoint and writes the event `webhook.endpoint.disabled`.
  Result<void> disable(sql::Tx& tx, Endpoint endpoint, DisabledReason reason) const;
  /// Creates or updates an endpoint of the configuration, by its name. Returns its id.
  /// Errors: secret_unreadable.
  Result<EndpointId> ensure(sql::Tx& tx, const EndpointDraft& wanted) const;

  /// Errors: webhook_endpoint_not_found.
  Result<Endpoint> load(sql::Tx& tx, TenantId tenant, EndpointId id) const;

 private:
  Result<Endpoint> load_enabled(sql::Tx& tx, TenantId tenant, EndpointId id) const;
  Result<void> store_private_key(sql::Tx& tx, const EndpointDraft& wanted) const;
  Result<void> add_secret(sql::Tx& tx, EndpointId endpoint, const EndpointSecret& secret) const;
  Result<EndpointView> view(sql::Tx& tx, Endpoint endpoint) const;
  Result<std::vector<EndpointSecret>> readable_secrets(sql::Tx& tx, EndpointId id) const;
  Result<void> append_event(sql::Tx& tx, const Actor& actor, std::string_view type,
                            const Endpoint& endpoint) const;
  EndpointSecret new_secret(SecretKind kind, const std::optional<Secret>& given) const;

  Parts parts_;
};

}  // namespace florin::webhooks
