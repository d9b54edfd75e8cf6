#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/operator/operator_client.h"
#include "hub/partners/partners.h"
#include "platform/http/route.h"
#include "platform/http_client/http_client.h"
#include "platform/jobs/scheduler.h"

namespace florin::idempotency {
class Idempotency;
}
namespace florin::ledger {
class LedgerService;
}
namespace florin::metrics {
class Registry;
}

namespace florin::hub {

/// What the hub is built over.
struct HubParts {
  sql::Database& database;
  const Clock& clock;
  IdGenerator& ids;
  events::EventLog& events;
  ledger::LedgerService& ledger;
  idempotency::Idempotency& idempotency;
  metrics::Registry& metrics;
  const crypto::Vault& vault;
  cache::RateLimiter& limits;                     ///< Of partners' calls, and of ours to Operators.
  http_client::ClientOptions operator_http = {};  ///< How Operators are called.
  /// For secrets that somebody chose, beside broken_secret_rule().
  SecretRule secret_rule = [](const Secret&) { return std::nullopt; };
};

/// The wallet hub: partners, both wallets, the resolver, and their routes.
class Hub {
 public:
  explicit Hub(const HubParts& parts);
  ~Hub();  ///< As stop().

  /// Call before the first request: ids go on after the newest stored, and partners are known.
  Result<void> recover();
  http::Routes routes();
  std::vector<jobs::Job> jobs();
  /// Ends the calls to Operators; what is open stays pending. Call it when no request or job can
  /// come any more. Safe to call twice.
  void stop();

  /// Visits a partner's transactions with from <= created_at < to, oldest first, page by page; an
  /// error of `visit` ends it.
  Result<void> visit_period(PartnerId partner, Timestamp from, Timestamp to,
                            const std::function<Result<void>(const WalletTransaction&)>& visit);

  /// Wallet transactions, as of the last measurement.
  struct Pending {
    std::int64_t pending = 0, stuck = 0;
  };
  Pending pending() const;

  /// Codes of active partners whose Operator could not be called the last time, and why.
  std::vector<std::pair<std::string, operators::Trouble>> troubles();

  Partners& partners();
  operators::OperatorClient& operator_client();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::hub
