#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace florin::cluster {
class AgreedClock;
class Leases;
class Nodes;
}  // namespace florin::cluster
namespace florin::http {
class TlsSource;
}
namespace florin::jobs {
class Scheduler;
}

namespace florin::app {
class AnchorKeeper;
struct Core;

/// degraded: it works, and somebody should look at it.
enum class Health : std::uint8_t { healthy, degraded, down };
std::string_view to_string(Health health);

struct Finding {
  Health health = Health::healthy;
  std::string reason;  ///< One sentence; empty when there is nothing to say.
};

/// How a module does, seen from inside of this process. Cheap; called when the database answers.
struct ServiceCheck {
  std::string name;
  std::function<Finding()> look;
};

struct CheckedParts {
  Core& core;
  const cluster::Nodes& nodes;
  const cluster::Leases& leases;
  const jobs::Scheduler& scheduler;
  std::function<bool(const std::string& job)> is_ours;  ///< Of a job that one node alone does.
  const cluster::AgreedClock& clock;
  std::function<const http::TlsSource*()> tls;  ///< Null: plain HTTP.
  const AnchorKeeper& anchor;
};
/// Whose secrets do not open with the key that is there, in a sentence; empty when all do. The
/// partners are those in memory.
std::string unreadable_secrets(Core& core);

/// Every module of this process. What is checked outlives the checks.
std::vector<ServiceCheck> service_checks(CheckedParts parts);

}  // namespace florin::app
