#pragma once
#include <functional>
#include <optional>
#include <string>
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

/// Something outside that the process does without for a time: when it is away, the server is
/// degraded and serves on.
struct Dependency {
  std::string name;
  bool is_healthy = true;
  std::string detail;
};
/// Looks at one; nothing when it is not configured.
using DependencyState = std::function<std::optional<Dependency>()>;

struct HealthSources {
  sql::Database& database;
  metrics::Registry& metrics;
  std::vector<ServiceCheck> services;    ///< The modules this process runs.
  std::function<bool()> takes_requests;  ///< False once it has been told to stop.
  std::vector<DependencyState> dependencies = {};
};

/// GET /health, /health/ready, /health/services, /{service}/actuator/health and /metrics; all
/// public.
http::Routes health_routes(HealthSources sources);

}  // namespace florin::app
