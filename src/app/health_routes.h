#pragma once
#include <functional>
#include <string>
#include <vector>

#include "platform/http/route.h"

namespace florin::cache {
class RateLimiter;
}
namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}
namespace florin::jobs {
class Scheduler;
}

namespace florin::app {

struct HealthSources {
  sql::Database& database;
  jobs::Scheduler& scheduler;
  metrics::Registry& metrics;
  const cache::RateLimiter& limits;
  std::vector<std::string> modules;  ///< Names of the modules this process runs.
};

/// GET /health, /health/ready, /health/services, /{service}/actuator/health and /metrics; all
/// public.
http::Routes health_routes(HealthSources sources);

}  // namespace florin::app
