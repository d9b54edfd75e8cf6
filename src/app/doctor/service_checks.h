#pragma once
#include <functional>
#include <string>
#include <vector>

#include "platform/modules/module.h"

namespace florin {
class Clock;
}
namespace florin::cluster {
class Leases;
}
namespace florin::http {
class TlsSource;
}
namespace florin::jobs {
class Scheduler;
}
namespace florin::sql {
class Database;
}

namespace florin::app {
class Core;

/// One line of /health/services, seen from inside of this process. Cheap; called when the database
/// answers.
struct ServiceCheck {
  std::string name;
  std::function<modules::Health()> look;
};

struct CheckedParts {
  const Core& core;
  sql::Database& database;
  const cluster::Leases& leases;
  const jobs::Scheduler& scheduler;
  std::function<bool(const std::string& job)> is_ours;  ///< Of a job that one node alone does.
  const Clock& clock;
  std::function<const http::TlsSource*()> tls;  ///< Null: plain HTTP.
};

/// Whose secrets do not open with the secret key, in a sentence; empty when all do.
std::string unreadable_secrets(const Core& core);

/// Every module of this process, and what is shared by them. What is checked outlives the checks.
std::vector<ServiceCheck> service_checks(const CheckedParts& parts);

}  // namespace florin::app
