#include "reconciliation/items.h"

#include <utility>
#include <variant>

#include "base/try.h"
#include "events/events.h"
#include "ledger/ledger_service.h"
#include "reconciliation/errors.h"
#include "reconciliation/fields.h"
#include "reconciliation/store.h"

namespace florin::reconciliation {
namespace {

Result<Item> find(sql::Tx& tx, TenantId tenant, ItemId id) {
  auto item = TRY(store::find_item(tx, tenant, id));
  if (!item)
    return Error{errors::reconciliation_item_not_found,
                 "there is no reconciliation item of this id"};
  return *std::move(item);
}

/// An explanation may be followed by another one, or by a proposal after all.
Result<Item> find_undecided(sql::Tx& tx, TenantId tenant, ItemId id) {
  Item item = TRY(find(tx, tenant, id));
  if (item.status == ItemStatus::open || item.status == ItemStatus::explained) return item;
  return Error{errors::reconciliation_item_not_open,
               "the item is " + std::string(to_word(item.status))};
}

Result<Item> find_proposed(sql::Tx& tx, TenantId tenant, ItemId id) {
  Item item = TRY(find(tx, tenant, id));
  if (item.status == ItemStatus::proposed && item.proposal) return item;
  return Error{errors::reconciliation_nothing_proposed,
               "the item is " + std::string(to_word(item.status))};
}

}  // namespace

Result<Item> Items::store_decision(sql::Tx& tx, const Actor& origin, Item item,
                                   std::string_view event) {
  item.updated_at = clock_.now();
  TRY(store::update_item(tx, item));
  TRY(events_.append(tx, {origin.tenant, event, item.id.str(), to_json(item), origin.name,
                          origin.request_id, item.updated_at}));
  return item;
}

Result<ledger::Transfer> Items::post(sql::Tx& tx, const Actor& origin, const Item& item,
                                     const std::vector<ProposedPosting>& postings, bool dry_run) {
  ledger::PostTransfer transfer;
  for (const ProposedPosting& posting : postings)
    transfer.postings.push_back({posting.debit, posting.credit, posting.amount});
  transfer.details.reference = item.id.str();
  transfer.details.description = "Reconciliation: " + item.kind;
  ledger::Command command;
  command.actor = origin;
  command.dry_run = dry_run;
  command.body = std::move(transfer);
  ledger::Outcome outcome = TRY(ledger_.post(tx, std::move(command)));
  if (auto* error = std::get_if<Error>(&outcome)) return std::move(*error);
  return std::get<ledger::Transfer>(std::move(outcome));
}

Result<Item> Items::explain(sql::Tx& tx, const Actor& origin, ItemId id, const std::string& note) {
  Item item = TRY(find_undecided(tx, origin.tenant, id));
  item.status = ItemStatus::explained;
  item.note = note;
  item.explained_by = origin.name;
  return store_decision(tx, origin, std::move(item), "reconciliation.item.explained");
}

Result<Item> Items::propose(sql::Tx& tx, const Actor& origin, ItemId id, const Proposal& proposal) {
  Item item = TRY(find_undecided(tx, origin.tenant, id));
  TRY(post(tx, origin, item, proposal.postings, true));
  item.status = ItemStatus::proposed;
  item.proposal = proposal.postings;
  item.proposed_by = origin.name;
  item.decided_by.reset();
  if (proposal.note) item.note = proposal.note;
  return store_decision(tx, origin, std::move(item), "reconciliation.item.proposed");
}

Result<Item> Items::approve(sql::Tx& tx, const Actor& origin, ItemId id) {
  Item item = TRY(find_proposed(tx, origin.tenant, id));
  if (item.proposed_by == origin.name) {
    return Error{errors::four_eyes_required,
                 "a proposal is approved with another API key than the one that made it"};
  }
  const ledger::Transfer posted = TRY(post(tx, origin, item, *item.proposal, false));
  item.status = ItemStatus::resolved;
  item.decided_by = origin.name;
  item.transfer = posted.id;
  return store_decision(tx, origin, std::move(item), "reconciliation.item.resolved");
}

Result<Item> Items::reject(sql::Tx& tx, const Actor& origin, ItemId id,
                           const std::optional<std::string>& note) {
  Item item = TRY(find_proposed(tx, origin.tenant, id));
  item.status = ItemStatus::open;
  item.proposal.reset();
  item.proposed_by.reset();
  item.decided_by = origin.name;
  if (note) item.note = note;
  return store_decision(tx, origin, std::move(item), "reconciliation.item.rejected");
}

}  // namespace florin::reconciliation
