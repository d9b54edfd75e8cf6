#pragma once
#include <functional>
#include <vector>

#include "app/doctor/service_checks.h"
#include "platform/http/route.h"

namespace florin::metrics {
class Registry;
}
namespace florin::sql {
class Database;
}

namespace florin::app {

struct HealthSources {
  sql::Database& database;
  metrics::Registry& metrics;
  std::vector<ServiceCheck> services;    ///< The modules this process runs.
  std::function<bool()> takes_requests;  ///< False once it has been told to stop.
  std::function<std::vector<modules::Dependency>()> dependencies;
};

/// GET /health, /health/ready, /health/services, /{service}/actuator/health and /metrics; all
/// public.
http::Routes health_routes(HealthSources sources);

}  // namespace florin::app
