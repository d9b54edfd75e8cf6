#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "platform/jobs/scheduler.h"
#include "relay/settings.h"

namespace florin {
class IdGenerator;
}
namespace florin::access {
class Access;
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

namespace florin::relay {
class Inbox;

/// The state of the connection to Kafka.
struct Health {
  bool is_healthy = true;        ///< False also at a lag of a minute.
  std::string detail;            ///< A sentence about faults and the backlog.
  std::int64_t backlog = 0;      ///< Events that Kafka has not acknowledged; counted to 100,000.
  std::int64_t lag_seconds = 0;  ///< Age of the oldest of them.
};

/// Sends the event log to Kafka and takes events of other systems, by Kafka or by HTTP. Without
/// brokers in the settings only HTTP is left: no thread, no connection. Safe for concurrent use.
class Relay {
 public:
  /// What the module works with; all of it outlives the module.
  struct Parts {
    sql::Database& database;
    const Clock& clock;
    IdGenerator& ids;
    access::Access& access;
    events::EventLog& events;
    metrics::Registry& metrics;
    Fence fence = [](sql::Tx&) { return Result<void>(); };  ///< By default nobody else relays.
    HoldsLease holds_lease = [] { return true; };
  };
  Relay(Parts parts, Settings settings);
  ~Relay();  ///< As stop().

  /// Call once, before requests are served: ids go on after the newest stored, and the settings are
  /// tried. Errors: kafka_misconfigured; store errors.
  Result<void> recover();
  /// Continues after the saved cursor. For the node that holds the lease; may be called again after
  /// stop(). Kafka may be unavailable. Errors: as recover().
  Result<void> start();
  /// Waits a moment for acknowledgements, then ends; the rest waits in the log.
  void stop();
  /// Measures the backlog. None without brokers.
  std::vector<jobs::Job> jobs();
  /// Backlog and lag are of the last measurement, and true on every node; faults are of now, and
  /// known to the node that relays.
  Health health() const;
  bool is_configured() const;

  const Inbox& inbox() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::relay
