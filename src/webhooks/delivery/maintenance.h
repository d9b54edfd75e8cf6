#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/jobs/scheduler.h"
#include "webhooks/endpoints/endpoint_changes.h"

namespace florin::sql {
class Database;
}

namespace florin::webhooks {
class Endpoints;
class EndpointStore;
struct Metrics;
struct Settings;

/// The module's periodic jobs. Safe for concurrent use.
class Maintenance {
 public:
  struct Parts {
    sql::Database& database;
    const EndpointStore& store;
    const Endpoints& endpoints;
    EndpointChanges& changes;
    const Clock& clock;
    Metrics& metrics;
    const Settings& settings;
  };
  explicit Maintenance(Parts parts) : parts_(parts) {}

  std::vector<jobs::Job> jobs();

 private:
  /// Disables endpoints that failed for days without a success.
  Result<std::string> disable_failing();
  /// Removes deliveries past their retention and those of deleted endpoints, in small pieces.
  Result<std::string> remove_old();
  Result<std::int64_t> remove_deleted();
  Result<std::string> measure_backlog();

  Parts parts_;
};

}  // namespace florin::webhooks
