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

/// How the way to and from Kafka is.
struct Health {
  bool is_healthy = true;        ///< False also when the lag is a minute or more.
  std::string detail;            ///< A sentence about the fault and what waits.
  std::int64_t backlog = 0;      ///< Events that Kafka has not acknowledged; counted to 100,000.
  std::int64_t lag_seconds = 0;  ///< Age of the oldest of them.
};

/// The event log on its way to Kafka, and events of other systems on their way in, by Kafka or by
/// HTTP. Without brokers in the settings only HTTP is left: no thread, no connection. Safe for
/// concurrent use.
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
    IsOurTurn is_our_turn = [] { return true; };
  };
  Relay(Parts parts, Settings settings);
  ~Relay();  ///< As stop().

  /// Call once, before requests are served: ids go on after the newest stored, and the settings are
  /// tried. Errors: kafka_misconfigured; store errors.
  Result<void> recover();
  /// Begins with what was left before; on one node alone, again and again if need be. Kafka need
  /// not be there. Errors: as recover().
  Result<void> start();
  /// Gives what is under way a moment, then ends; what is left waits in the log.
  void stop();
  /// What is done from time to time: figures of the backlog. None without brokers.
  std::vector<jobs::Job> jobs();
  /// As of the last measurement for backlog and lag, of now for the rest. Backlog and lag are true
  /// on every node; what Kafka answers is known to the one that relays.
  Health health() const;
  bool is_configured() const;

  const Inbox& inbox() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::relay
