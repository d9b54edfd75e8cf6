#pragma once
#include <string>
#include <utility>

#include "base/actor.h"
#include "base/result.h"
#include "hub/hub.h"

namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Tx;
}

namespace florin::hub {

/// The partner itself, as the events of its calls name it.
inline Actor actor_of(const Partner& partner, std::string request_id = {}) {
  return {partner.tenant, "partner:" + partner.code, std::move(request_id)};
}

/// Writes transactions together with their event: "wallet.<kind>.completed",
/// ".failed", ".rolled_back" and ".stuck". A pending one leaves none until it ends. Stateless.
class TransactionLog {
 public:
  explicit TransactionLog(events::EventLog& events) : events_(events) {}

  Result<void> add(sql::Tx& tx, const Partner& partner, const WalletTransaction& transaction,
                   const Actor& actor);
  /// Stores what changed about it, with its event.
  Result<void> change(sql::Tx& tx, const Partner& partner, const WalletTransaction& transaction,
                      const Actor& actor);

 private:
  Result<void> append_event(sql::Tx& tx, const Partner& partner,
                            const WalletTransaction& transaction, const Actor& actor);
  events::EventLog& events_;
};

}  // namespace florin::hub
