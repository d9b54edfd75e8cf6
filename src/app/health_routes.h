#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "platform/http/route.h"

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
  jobs::Scheduler& scheduler;
  metrics::Registry& metrics;
  std::vector<std::string> modules;  ///< Names of the modules this process runs.
  std::vector<DependencyState> dependencies = {};
};

/// GET /health, /health/ready, /health/services, /{service}/actuator/health and /metrics; all
/// public.
http::Routes health_routes(HealthSources sources);

}  // namespace florin::app
