#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/jobs/scheduler.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint.h"
#include "webhooks/settings.h"

namespace florin {
class IdGenerator;
}
namespace florin::crypto {
class Vault;
}
namespace florin::events {
class EventLog;
class EventTypes;
}  // namespace florin::events
namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}

namespace florin::webhooks {
class Deliveries;
class EndpointChanges;
class Endpoints;

/// Pending deliveries, as of the last measurement.
struct DeliveryBacklog {
  std::int64_t deliveries = 0;
  std::int64_t oldest_age_s = 0;
};

/// Delivers events to other systems: endpoints, the outbox, attempts and replays. At least once:
/// every event of a committed change is delivered or becomes a dead letter, whatever happens to
/// this process. Safe for concurrent use.
class Webhooks {
 public:
  /// What the module works with; all of it outlives the module.
  struct Parts {
    sql::Database& database;
    const Clock& clock;
    IdGenerator& ids;
    events::EventLog& events;
    const events::EventTypes& event_types;  ///< Those that endpoints can ask for.
    const crypto::Vault& vault;
    metrics::Registry& metrics;
    Fence fence = [](sql::Tx&) { return Result<void>(); };  ///< By default nobody else delivers.
  };
  Webhooks(Parts parts, Settings settings);
  ~Webhooks();  ///< As end().

  /// Creates the tenant's endpoint of this name (`wanted.name`), or updates it from the
  /// configuration, with its secret when one is given. With `is_trusted` its address may be
  /// private. Returns its id. Errors: webhook_url_refused, validation_failed, secret_unreadable;
  /// store errors.
  Result<EndpointId> ensure_endpoint(const EndpointDraft& wanted);

  /// Ids of endpoints with secrets or keys that cannot be opened; they need new ones.
  Result<std::vector<std::string>> unreadable() const;

  /// Call once, before requests are served: new ids follow the greatest one stored.
  Result<void> recover();
  /// Starts to deliver, open deliveries first. Only one node may do so at a time.
  Result<void> begin();
  /// Waits a few seconds for attempts in progress, then stops. Open deliveries stay in the store
  /// for the next begin() or another node. Safe to call twice.
  void end();
  /// Disabling failing endpoints, retention, backlog metrics.
  std::vector<jobs::Job> jobs();

  DeliveryBacklog backlog() const;

  // For routes and tests.
  sql::Database& database();
  const Settings& settings() const;
  const events::EventTypes& event_types() const;
  Endpoints& endpoints();
  Deliveries& deliveries();
  EndpointChanges& changes();
  /// The store has new deliveries for the endpoint; or new replays.
  void check_store(EndpointId endpoint);
  void start_replays();

 private:
  struct Impl;
  struct Pipeline;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::webhooks
