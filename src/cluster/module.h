#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/modules/module.h"

namespace florin {
class Clock;
}
namespace florin::jobs {
class Scheduler;
}

namespace florin::cluster {
class AgreedClock;
class LeaseManager;
class Leases;
class Nodes;

/// In a server it shows the place among the nodes that the server has made: Nodes, Leases,
/// LeaseManager, AgreedClock and the scheduler. A command has none of them, and nothing runs.
modules::Module module();
std::span<const sql::Migration> migrations();

/// What the routes show.
struct Shown {
  const Nodes& nodes;
  const Leases& leases;
  const LeaseManager& manager;
  const jobs::Scheduler& scheduler;
  const Clock& clock;
};
/// GET /v1/system/nodes and /v1/system/jobs. What is shown outlives the routes.
http::Routes routes(Shown shown);

/// Compares the host's clock with the database server's; `steady` never steps back.
/// Errors: store errors.
Result<void> compare_clocks(AgreedClock& clock, sql::Database& database, const Clock& steady);

}  // namespace florin::cluster
