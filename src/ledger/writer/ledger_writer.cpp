#include "ledger/writer/ledger_writer.h"

#include <algorithm>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "idempotency/key_store.h"
#include "ledger/bulk/named_postings.h"
#include "ledger/chain.h"
#include "ledger/ledger_json.h"
#include "ledger/store/account_store.h"
#include "ledger/store/hold_store.h"
#include "ledger/store/ledger_store.h"
#include "ledger/writer/command_accounts.h"
#include "ledger/writer/loader.h"
#include "ledger/writer/remembered.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

events::NewEvent event_from(const Actor& actor, std::string_view type, Timestamp at) {
  return {actor.tenant, type, {}, {}, actor.name, actor.request_id, at};
}

std::string_view event_type(engine::HoldChangeKind kind) {
  switch (kind) {
    case engine::HoldChangeKind::placed:
      return "hold.created";
    case engine::HoldChangeKind::captured:
      return "hold.captured";
    case engine::HoldChangeKind::released:
      return "hold.released";
    case engine::HoldChangeKind::expired:
      break;
  }
  return "hold.expired";
}

/// Postings lie in the order of the commands that made them.
void fill_balances(const std::vector<engine::PostingRow>& postings, std::span<BatchItem> batch) {
  auto next = postings.begin();
  for (BatchItem& item : batch) {
    const auto* transfer = std::get_if<Transfer>(&item.outcome);
    if (!transfer || item.command.dry_run) continue;
    while (next != postings.end() && next->transfer != transfer->id) ++next;
    for (; next != postings.end() && next->transfer == transfer->id; ++next)
      item.balances.push_back({next->debit.balance, next->credit.balance});
  }
}

}  // namespace

LedgerWriter::LedgerWriter(const Clock& clock, IdGenerator& ids, events::EventLog& events)
    : clock_(clock), ids_(ids), events_(events), answer_of_(remember) {}

Timestamp LedgerWriter::now() {
  const Timestamp now = clock_.now();
  // Rows are searched by the time in their ids, so ids must not step back either.
  if (now < last_now_) ids_.start_after(IdGenerator::first_at(last_now_));
  last_now_ = std::max(last_now_, now);
  return last_now_;
}

/// Another node's clock may be ahead of ours: what follows its row gets a later id and no earlier
/// time. No row is newer than its id, so the id alone is enough.
void LedgerWriter::advance_past(std::int64_t id) {
  ids_.start_after(id);
  if (IdGenerator::node_of(id) != ids_.node())
    last_now_ = std::max(last_now_, IdGenerator::latest_moment_of(id));
}

void LedgerWriter::advance_past(const engine::PrefetchedState& state) {
  for (const auto& [id, account] : state.accounts)
    advance_past(std::max(id.value, account.last_posting));
  for (const auto& [id, hold] : state.holds) advance_past(id.value);
}

/// What is read before a batch is decided.
struct LedgerWriter::Batch {
  std::span<BatchItem> items;
  AccountId also;
  engine::PrefetchedState state = {};
  chain::Head head = {};
  Timestamp at = {};
};

Result<void> LedgerWriter::run(sql::Tx& tx, std::span<BatchItem> items, AccountId also) {
  Batch batch{items, also};
  TRY(prefetch(tx, batch));

  engine::Engine engine(batch.state, ids_, batch.at, answer_of_);
  engine.expire_due_holds();
  for (BatchItem& item : items) {
    item.outcome = item.refusal ? Outcome(*item.refusal) : engine.decide(item.command);
    item.balances.clear();  // Of an earlier run, when the database runs a batch again.
  }
  TRY(write(tx, engine.changes(), batch.head, batch.at));
  fill_balances(engine.changes().postings, items);

  for (BatchItem& item : items) TRY(recall(tx, item.command, item.outcome));
  return {};
}

namespace {

/// Loads those that move money of the accounts in the state; whatever else is due waits for its
/// turn.
Result<void> load_due_holds(Loader& loader, std::span<const store::DuePosting> due,
                            engine::PrefetchedState& state) {
  const std::size_t first = state.due.size();
  for (const store::DuePosting& held : due) {
    const bool is_known = state.due.size() > first && state.due.back().hold == held.hold;
    if (is_known || (!state.accounts.contains(held.debit) && !state.accounts.contains(held.credit)))
      continue;
    Actor system;
    system.tenant = held.tenant;
    state.due.push_back({held.hold, std::move(system)});
  }
  for (std::size_t i = first; i < state.due.size(); ++i) TRY(loader.load(state.due[i].hold));
  return {};
}

}  // namespace

Result<void> LedgerWriter::prefetch(sql::Tx& tx, Batch& batch) {
  engine::PrefetchedState& state = batch.state;
  state.accounts.reserve(2 * batch.items.size());
  state.keys.reserve(batch.items.size());
  sql::Pipeline pipeline(tx);
  TRY(chain::enqueue_head(pipeline, ids_.node(), batch.head));
  TRY(events_.follow(pipeline));
  batch.at = now();
  std::vector<store::DuePosting> due;
  TRY(store::enqueue_due_postings(pipeline, batch.at, due));
  const auto loader = make_loader(tx, state);
  for (BatchItem& item : batch.items) {
    item.refusal = TRY(bulk::refusal_of(tx, item.command));
    if (!item.refusal) TRY(loader->load(item.command));
  }
  TRY(loader->finish(pipeline));

  RowLoader rows(tx, state);
  TRY(rows.load(batch.also));
  TRY(load_due_holds(rows, due, state));
  if (tx.dialect() == sql::Dialect::postgres) advance_past(state);
  while (last_now_ > batch.at) {  // Another node's clock is ahead: by its time more may be due.
    batch.at = now();
    due.clear();
    TRY(store::enqueue_due_postings(pipeline, batch.at, due));
    TRY(pipeline.sync());
    TRY(load_due_holds(rows, due, state));
    advance_past(state);
  }
  return {};
}

// ---------------------------------------------------------------- large bulks

namespace {
/// Whether money that a due hold still holds could have led to another outcome.
bool may_lack_money(const Command& command, const Outcome& outcome) {
  for (const PostTransfer& transfer : std::get<PostBulk>(command.body).transfers) {
    for (const PostingRequest& posting : transfer.postings) {
      if (posting.balancing != Balancing::none) return true;
    }
  }
  const auto* result = std::get_if<BulkResult>(&outcome);
  if (!result) return true;
  return std::any_of(result->items.begin(), result->items.end(),
                     [](const BulkItem& item) { return std::holds_alternative<Error>(item); });
}
}  // namespace

/// Each account once, however many postings name it.
Result<void> LedgerWriter::load_all_accounts(sql::Tx& tx, Draft& draft) const {
  const TenantId tenant = draft.command.actor.tenant;
  RowLoader loader(tx, draft.state);
  std::unordered_map<std::string, AccountId> by_code;
  const auto load = [&](AccountRef& ref) -> Result<void> {
    if (!ref.id) {
      const auto [known, is_new] = by_code.try_emplace(ref.code);
      if (is_new)
        known->second = TRY(store::find_account_id(tx, tenant, ref.code)).value_or(AccountId{});
      ref.id = known->second;
    }
    return loader.load(ref.id);
  };
  for (PostTransfer& transfer : std::get<PostBulk>(draft.command.body).transfers)
    TRY(for_each_account(transfer, load));
  return {};
}

Result<void> LedgerWriter::draft(sql::Tx& tx, IdGenerator& ids, Timestamp at, Draft& draft) const {
  draft.at = at;
  Command& command = draft.command;
  if (command.key && !command.dry_run) {
    if (auto record = TRY(idempotency::find(tx, command.key->digest)))
      draft.state.keys.emplace(command.key->digest, *std::move(record));
  }
  if (draft.state.keys.empty()) TRY(load_all_accounts(tx, draft));
  const auto loaded = draft.state.accounts;
  engine::Engine engine(draft.state, ids, at, answer_of_);
  draft.outcome = engine.decide(command);
  TRY(recall(tx, command, draft.outcome));
  draft.changes = engine.changes();
  draft.is_sound =
      draft.changes.hold_changes.empty() &&
      (!may_lack_money(command, draft.outcome) || TRY(store::find_due_pending(tx, at)).empty());
  for (const engine::AccountState* account : draft.changes.accounts) {
    draft.before.push_back(loaded.at(account->id));
    const std::int64_t newest = draft.before.back().last_posting;
    // What follows another's rows must have a later id and time: somebody came in between, or
    // another node's clock is ahead of ours.
    const bool is_later = newest < draft.changes.transfers.front().transfer.id.value;
    const bool is_ours = IdGenerator::node_of(newest) == ids_.node();
    if (!is_later || (!is_ours && IdGenerator::latest_moment_of(newest) > at))
      draft.is_sound = false;
  }
  return {};
}

Result<bool> LedgerWriter::is_still_valid(sql::Tx& tx, const Draft& draft) const {
  const auto& key = draft.command.key;
  if (key && TRY(idempotency::find(tx, key->digest))) return false;
  return store::are_unchanged(tx, draft.before);
}

Result<void> LedgerWriter::move_balances(sql::Tx& tx, const Draft& draft) const {
  engine::Changes balances;
  balances.accounts = draft.changes.accounts;
  TRY(store::save(tx, balances));
  return idempotency::insert_all(tx, draft.changes.keys, draft.at);
}

Result<void> LedgerWriter::write_out(sql::Tx& tx, const bulk::Slice& slice, const Actor& actor) {
  engine::Changes changes;
  changes.postings = slice.postings;
  changes.checkpoints = slice.checkpoints;
  for (const Transfer& transfer : slice.transfers) changes.transfers.push_back({transfer, &actor});
  // The chain of the node that made the ids, which may have died since.
  const int node = IdGenerator::node_of(slice.transfers.front().id.value);
  chain::Head head;
  sql::Pipeline pipeline(tx);
  TRY(chain::enqueue_head(pipeline, node, head));
  TRY(events_.follow(pipeline));
  TRY(pipeline.sync());
  TRY(store::save(tx, changes));
  TRY(write_events(tx, changes));
  return chain::extend(tx, node, head, changes, now());
}

// ---------------------------------------------------------------- writing

Result<void> LedgerWriter::write(sql::Tx& tx, const engine::Changes& changes,
                                 const chain::Head& head, Timestamp now) {
  if (changes.empty()) return {};
  TRY(store::save(tx, changes));
  TRY(idempotency::insert_all(tx, changes.keys, now));
  TRY(write_events(tx, changes));
  TRY(write_status_changes(tx, changes));
  return chain::extend(tx, ids_.node(), head, changes, now);
}

/// Rare: an account at a time.
Result<void> LedgerWriter::write_status_changes(sql::Tx& tx, const engine::Changes& changes) {
  for (const engine::StatusChange& change : changes.status_changes) {
    auto account = TRY(store::load_account(tx, change.account));
    if (!account) continue;
    account->closed = change.closed;
    TRY(store::update_account(tx, *account));
    account->sums = change.sums;  // Not as what came later in the batch left them.
    events::NewEvent event =
        event_from(*change.actor, change.closed ? "account.closed" : "account.reopened", change.at);
    const std::string subject = account->id.str();
    const std::string data = to_json(*account);
    event.subject = subject;
    event.data = data;
    TRY(events_.append(tx, event));
  }
  return {};
}

Result<void> LedgerWriter::write_events(sql::Tx& tx, const engine::Changes& changes) {
  const std::size_t count = changes.transfers.size() + changes.hold_changes.size();
  std::vector<std::pair<std::string, std::string>> texts;  // Subject and data, which events view.
  texts.reserve(count);
  std::vector<events::NewEvent> all;
  all.reserve(count);
  const auto add = [&](events::NewEvent event, std::string subject, std::string data) {
    const auto& kept = texts.emplace_back(std::move(subject), std::move(data));
    event.subject = kept.first;
    event.data = kept.second;
    all.push_back(event);
  };
  for (const engine::PostedTransfer& posted : changes.transfers) {
    const Transfer& transfer = posted.transfer;
    std::string data;
    append_json(data, transfer);
    add(event_from(*posted.actor, "transaction.executed", transfer.created_at), transfer.id.str(),
        std::move(data));
  }
  for (const engine::HoldChange& change : changes.hold_changes) {
    std::string data;
    append_json(data, change.after);
    add(event_from(*change.actor, event_type(change.kind), change.at), change.after.id.str(),
        std::move(data));
  }
  return events_.append_all(tx, all);
}

}  // namespace florin::ledger
