#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "reconciliation/rows.h"

namespace florin::sql {
class Tx;
}
namespace florin::events {
class EventLog;
}
namespace florin::ledger {
class LedgerService;
}

namespace florin::reconciliation {

/// A transfer that would make good for a mismatch.
struct Proposal {
  std::vector<ProposedPosting> postings;
  std::optional<std::string> note = {};
};

/// What people decide about mismatches. Each decision is a unit of work of the caller and leaves an
/// event. Safe for concurrent use.
class Items {
 public:
  Items(const Clock& clock, events::EventLog& events, ledger::LedgerService& ledger)
      : clock_(clock), events_(events), ledger_(ledger) {}

  /// Says why it is so; an explanation may be replaced by another. Event
  /// reconciliation.item.explained. Errors, as of all: reconciliation_item_not_found,
  /// reconciliation_item_not_open.
  Result<Item> explain(sql::Tx& tx, const Actor& origin, ItemId id, const std::string& note);
  /// Proposes a compensating transfer, which the ledger would accept now. Event
  /// reconciliation.item.proposed. Errors: those of the ledger.
  Result<Item> propose(sql::Tx& tx, const Actor& origin, ItemId id, const Proposal& proposal);
  /// Posts the proposed transfer, in the same unit of work. Event reconciliation.item.resolved.
  /// Errors: reconciliation_nothing_proposed, four_eyes_required, those of the ledger.
  Result<Item> approve(sql::Tx& tx, const Actor& origin, ItemId id);
  /// Turns the proposal down: the item is open again. Event reconciliation.item.rejected.
  /// Errors: reconciliation_nothing_proposed.
  Result<Item> reject(sql::Tx& tx, const Actor& origin, ItemId id,
                      const std::optional<std::string>& note);

 private:
  Result<Item> store_decision(sql::Tx& tx, const Actor& origin, Item item, std::string_view event);
  Result<ledger::Transfer> post(sql::Tx& tx, const Actor& origin, const Item& item,
                                const std::vector<ProposedPosting>& postings, bool dry_run);

  const Clock& clock_;
  events::EventLog& events_;
  ledger::LedgerService& ledger_;
};

}  // namespace florin::reconciliation
