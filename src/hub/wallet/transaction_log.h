#pragma once
#include <string>
#include <utility>

#include "base/result.h"
#include "hub/hub.h"

namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Tx;
}

namespace florin::hub {

/// Who brought a change about; ends up in the event it leaves.
struct Author {
  std::string actor;  ///< "partner:acme", "key_…", "system"
  std::string request_id = {};

  static Author partner(const Partner& partner, std::string request_id = {}) {
    return {"partner:" + partner.code, std::move(request_id)};
  }
};

/// Writes transactions together with the event that tells of them: "wallet.<kind>.completed",
/// ".failed", ".rolled_back" and ".stuck". A pending one leaves none until it ends. Stateless.
class TransactionLog {
 public:
  explicit TransactionLog(events::EventLog& events) : events_(events) {}

  Result<void> add(sql::Tx& tx, const Partner& partner, const WalletTransaction& transaction,
                   const Author& author);
  /// Stores what changed about it, and tells of it.
  Result<void> change(sql::Tx& tx, const Partner& partner, const WalletTransaction& transaction,
                      const Author& author);

 private:
  Result<void> tell(sql::Tx& tx, const Partner& partner, const WalletTransaction& transaction,
                    const Author& author);
  events::EventLog& events_;
};

}  // namespace florin::hub
