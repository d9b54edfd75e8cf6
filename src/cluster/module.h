#pragma once
#include <span>

#include "platform/http/route.h"
#include "platform/sql/migration.h"

namespace florin {
class Clock;
}
namespace florin::jobs {
class Scheduler;
}

namespace florin::cluster {
class Keeper;
class Leases;
class Nodes;

std::span<const sql::Migration> migrations();

/// What the routes show.
struct Shown {
  const Nodes& nodes;
  const Leases& leases;
  const Keeper& keeper;
  const jobs::Scheduler& scheduler;
  const Clock& clock;
};
/// GET /v1/system/nodes and /v1/system/jobs. What is shown outlives the routes.
http::Routes routes(Shown shown);

}  // namespace florin::cluster
