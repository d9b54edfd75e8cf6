#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "hub/wallet/settlement.h"

namespace florin::metrics {
class Registry;
}

namespace florin::hub {

/// Comes back to every pending transaction until it has ended. A credit or rollback is sent again
/// (the Operator books an id once). A debit is asked about: when the Operator has booked it, it
/// counts; when not, or when the Operator cannot tell, it is rolled back there, so that it cannot
/// be booked later. What stays unclear for 72 hours, or contradicts itself, is marked as stuck.
/// Safe for concurrent use.
class Resolver {
 public:
  Resolver(sql::Database& database, const Clock& clock, Partners& partners,
           operators::OperatorClient& client, Settlement& settlement, metrics::Registry& metrics);
  ~Resolver();

  /// Sets out to resolve what is due, and returns without waiting for the Operators. Says how many.
  Result<std::string> run();
  /// Counts what is pending and what is stuck, for /metrics and the health page: on every node,
  /// whichever resolves.
  Result<std::string> measure();
  /// As of the last measurement.
  std::int64_t pending() const;
  std::int64_t stuck() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::hub
