#pragma once
#include <functional>
#include <string>

#include "base/result.h"

namespace florin::sql {
class Tx;
}

namespace florin::jobs {

/// Work of one node alone, for as long as it holds the lease of that name.
struct LeasedTask {
  std::string name;  ///< Of the lease: "webhooks.deliver"
  std::string help;  ///< One sentence for people.
  std::function<Result<void>()> begin = [] { return Result<void>(); };  ///< Tried again on error.
  std::function<void()> end = [] {};  ///< Must return within seconds: heartbeats wait for it.
};

/// The leases that this node holds. By default all: there is no other node.
struct HeldLeases {
  /// As far as this node knows without asking the database.
  std::function<bool(const std::string& task)> holds = [](const std::string&) { return true; };
  /// In a unit of work that the holder alone may write. Errors: lease_lost.
  std::function<Result<void>(sql::Tx&, const std::string& task)> check =
      [](sql::Tx&, const std::string&) { return Result<void>(); };
};

}  // namespace florin::jobs
