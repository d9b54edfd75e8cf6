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
}
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

/// Deliveries that wait for an attempt, as of the last measurement.
struct DeliveryBacklog {
  std::int64_t deliveries = 0;
  std::int64_t oldest_age_s = 0;
};

/// Events on their way to other systems: endpoints, the outbox, attempts and replays. At least
/// once: what was committed to the event log arrives, whatever happens to this process. Safe for
/// concurrent use.
class Webhooks {
 public:
  /// What the module works with; all of it outlives the module.
  struct Parts {
    sql::Database& database;
    const Clock& clock;
    IdGenerator& ids;
    events::EventLog& events;
    const crypto::Vault& vault;
    metrics::Registry& metrics;
    Fence fence = [](sql::Tx&) { return Result<void>(); };  ///< By default nobody else delivers.
  };
  Webhooks(Parts parts, Settings settings);
  ~Webhooks();  ///< As end().

  /// Makes sure that the tenant has an endpoint of this name (`wanted.name`), as the configuration
  /// wants it: made when it is missing, else brought in line; its secret too when one is given.
  /// With `is_trusted` its address may be private. Gives its id.
  /// Errors: webhook_url_refused, validation_failed, secret_unreadable; store errors.
  Result<EndpointId> ensure_endpoint(const EndpointDraft& wanted);

  /// Ids of endpoints with secrets or keys that do not open with this key: they want new ones.
  Result<std::vector<std::string>> unreadable() const;

  /// Call once, before requests are served: ids go on after the newest stored.
  Result<void> recover();
  /// Begins to deliver, first what was left before: on one node alone.
  Result<void> begin();
  /// Gives attempts under way a few seconds, then ends; what is left waits in the store, for the
  /// next begin() or another node. Safe to call twice.
  void end();
  /// What is done from time to time: disabling, retention, metrics of the backlog.
  std::vector<jobs::Job> jobs();

  DeliveryBacklog backlog() const;

  // What routes and tests work with.
  sql::Database& database();
  const Settings& settings() const;
  Endpoints& endpoints();
  Deliveries& deliveries();
  EndpointChanges& changes();
  /// There is something new in the store for an endpoint, or a replay.
  void check_store(EndpointId endpoint);
  void start_replays();

 private:
  struct Impl;
  struct Pipeline;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::webhooks
