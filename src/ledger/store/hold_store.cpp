#include "ledger/store/hold_store.h"

#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"

namespace florin::ledger::store {
namespace {

using sql::Query;
using sql::Role;
using sql::Row;
using sql::Tx;
using sql::within;

const sql::Table<Hold> holds(
    "holds",
    {
        {"id", &Hold::id, {.role = Role::key}},
        {"tenant_id", &Hold::tenant, {.role = Role::key}},
        {"status", &Hold::status},
        {"reference", within(&Hold::details, &TransferDetails::reference), {.role = Role::fixed}},
        {"description",
         within(&Hold::details, &TransferDetails::description),
         {.role = Role::fixed}},
        {"metadata", within(&Hold::details, &TransferDetails::metadata), {.role = Role::fixed}},
        {"expires_at_us", &Hold::expires_at, {.role = Role::fixed}},
        {"created_at_us", &Hold::created_at, {.role = Role::fixed}},
    });
const auto hold_by_id = holds.select("ledger.hold_by_id", "WHERE id = $1");
const auto hold_of_tenant =
    holds.select("ledger.hold_of_tenant", "WHERE id = $1 AND tenant_id = $2");

struct HoldPostingRow {
  HoldId hold;
  std::int64_t place = 0;
  AccountId debit, credit;
  std::int64_t amount_minor = 0;
  Currency currency;
  std::int64_t remaining = 0;
};
const sql::Table<HoldPostingRow> hold_postings(
    "hold_postings",
    {
        {"hold_id", &HoldPostingRow::hold, {.role = Role::key}},
        {"place", &HoldPostingRow::place, {.role = Role::key}},
        {"debit_id", &HoldPostingRow::debit, {.role = Role::fixed}},
        {"credit_id", &HoldPostingRow::credit, {.role = Role::fixed}},
        {"amount_minor", &HoldPostingRow::amount_minor, {.role = Role::fixed}},
        {"currency", &HoldPostingRow::currency, {.role = Role::fixed}},
        {"remaining", &HoldPostingRow::remaining},
    },
    {.hold = {}, .debit = {}, .credit = {}, .currency = currency_of({})});
const auto postings_of_hold =
    hold_postings.select("ledger.hold_postings_of", "WHERE hold_id = $1 ORDER BY place");

const sql::View<HoldHead> heads("holds", {
                                             {"id", &HoldHead::id},
                                             {"status", &HoldHead::status},
                                             {"expires_at_us", &HoldHead::expires_at},
                                             {"reference", &HoldHead::reference},
                                             {"metadata", &HoldHead::metadata},
                                             {"created_at_us", &HoldHead::created_at},
                                         });
#define FLORIN_RANGE " AND id >= $2 AND id <= $3 ORDER BY id"
const OrderedSelect<HoldHead> holds_of_tenant{
    heads.select("ledger.holds_newest_first", "WHERE tenant_id = $1" FLORIN_RANGE " DESC",
                 sql::Rows::many),
    heads.select("ledger.holds_oldest_first", "WHERE tenant_id = $1" FLORIN_RANGE,
                 sql::Rows::many)};
#define FLORIN_OF_REFERENCE "WHERE tenant_id = $1 AND reference IS NOT NULL AND reference = $4"
const OrderedSelect<HoldHead> holds_of_reference{
    heads.select("ledger.holds_of_reference_newest_first", FLORIN_OF_REFERENCE FLORIN_RANGE " DESC",
                 sql::Rows::many),
    heads.select("ledger.holds_of_reference_oldest_first", FLORIN_OF_REFERENCE FLORIN_RANGE,
                 sql::Rows::many)};
#undef FLORIN_OF_REFERENCE
#undef FLORIN_RANGE
/// The first of each side; together they hold the first of both.
std::string first_of_account(const std::string& direction) {
  const auto side = [&](const std::string& name) {
    return "SELECT hold_id FROM (SELECT hold_id FROM hold_postings WHERE " + name +
           "_id = $1 AND hold_id >= $2 AND hold_id <= $3 ORDER BY hold_id" + direction +
           " LIMIT $4) AS " + name + "s";
  };
  return "WHERE id IN (SELECT hold_id FROM (" + side("debit") + " UNION " + side("credit") +
         ") AS sides ORDER BY hold_id" + direction + " LIMIT $4) ORDER BY id" + direction;
}
const OrderedSelect<HoldHead> holds_of_account{
    heads.select("ledger.holds_of_account_newest_first", first_of_account(" DESC"),
                 sql::Rows::many),
    heads.select("ledger.holds_of_account_oldest_first", first_of_account(""), sql::Rows::many)};
constexpr Query holds_due{
    "ledger.holds_due",
    "SELECT id, tenant_id FROM holds WHERE status = 'open' AND expires_at_us IS NOT NULL"
    " AND expires_at_us <= $1 ORDER BY expires_at_us LIMIT $2"};
constexpr Query due_postings{
    "ledger.due_postings",
    "SELECT h.id, h.tenant_id, p.debit_id, p.credit_id, p.remaining"
    " FROM holds h JOIN hold_postings p ON p.hold_id = h.id"
    " WHERE h.status = 'open' AND h.expires_at_us IS NOT NULL AND h.expires_at_us <= $1"
    " ORDER BY h.expires_at_us, h.id, p.place"};
constexpr Query hold_change_insert{
    "ledger.hold_change_insert",
    "INSERT INTO hold_changes (id, hold_id, kind, transfer_id, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5)"};

/// The hold as it is at this moment.
HoldHead settled(HoldHead head, Timestamp now) {
  const bool is_due = head.status == HoldStatus::open && head.expires_at && *head.expires_at <= now;
  if (is_due) head.status = HoldStatus::expired;
  return head;
}

std::vector<HoldPostingRow> rows_of(const Hold& hold) {
  std::vector<HoldPostingRow> rows;
  for (const auto& [posting, remaining] : hold.postings) {
    rows.push_back({hold.id, static_cast<std::int64_t>(rows.size()), posting.debit, posting.credit,
                    posting.amount.minor, posting.amount.currency, remaining});
  }
  return rows;
}

Result<void> insert_hold(Tx& tx, const Hold& hold) {
  TRY(holds.send(tx, hold));
  return hold_postings.send(tx, std::span<const HoldPostingRow>(rows_of(hold)));
}

Result<void> update_hold(Tx& tx, const Hold& hold) {
  TRY(holds.send_change(tx, hold));
  for (const HoldPostingRow& row : rows_of(hold)) TRY(hold_postings.send_change(tx, row));
  return {};
}

Result<std::optional<Hold>> with_postings(Tx& tx, Result<std::optional<Hold>> found) {
  if (!found || !*found) return found;
  Hold& hold = **found;
  TRY(postings_of_hold.visit(tx, {hold.id.value}, [&](const HoldPostingRow& row) {
    hold.postings.push_back(
        {{row.debit, row.credit, {row.amount_minor, row.currency}}, row.remaining});
    return true;
  }));
  return found;
}

}  // namespace

Result<std::optional<Hold>> load_hold(Tx& tx, HoldId id) {
  return with_postings(tx, hold_by_id.first(tx, {id.value}));
}

Result<std::optional<Hold>> load_hold(Tx& tx, TenantId tenant, HoldId id) {
  return with_postings(tx, hold_of_tenant.first(tx, {id.value, tenant.value}));
}

Result<void> save_hold_changes(Tx& tx, const engine::Changes& changes) {
  for (const engine::HoldChange& change : changes.hold_changes) {
    if (change.kind == engine::HoldChangeKind::placed) {
      TRY(insert_hold(tx, change.after));
    } else {
      TRY(update_hold(tx, change.after));
    }
    TRY(tx.send(hold_change_insert,
                {change.id, change.after.id.value, engine::to_string(change.kind),
                 id_or_null(change.transfer), change.at.us}));
  }
  return {};
}

Result<void> visit_holds(Tx& tx, TenantId tenant, const IdRange& range, Timestamp now,
                         const HoldVisitor& visit) {
  return holds_of_tenant.in(range.order)
      .visit(tx, {tenant.value, range.low, range.high},
             [&](HoldHead head) { return visit(settled(std::move(head), now)); });
}

Result<void> visit_holds_of_reference(Tx& tx, TenantId tenant, const std::string& reference,
                                      const IdRange& range, Timestamp now,
                                      const HoldVisitor& visit) {
  return holds_of_reference.in(range.order)
      .visit(tx, {tenant.value, range.low, range.high, reference},
             [&](HoldHead head) { return visit(settled(std::move(head), now)); });
}

Result<void> visit_holds_of_account(Tx& tx, AccountId account, const IdRange& range, Timestamp now,
                                    const HoldVisitor& visit) {
  return holds_of_account.in(range.order)
      .visit(tx, {account.value, range.low, range.high, holds_at_once},
             [&](HoldHead head) { return visit(settled(std::move(head), now)); });
}

Result<std::vector<DueHold>> find_due_holds(Tx& tx, Timestamp now, int limit) {
  std::vector<DueHold> due;
  TRY(tx.query(holds_due, {now.us, limit}, [&](const Row& row) {
    due.push_back({{row.integer(0)}, {row.integer(1)}});
    return true;
  }));
  return due;
}

Result<void> enqueue_due_postings(sql::Pipeline& pipeline, Timestamp now,
                                  std::vector<DuePosting>& due) {
  return pipeline.enqueue(due_postings, {now.us}, [&due](const Row& row) {
    due.push_back(
        {{row.integer(0)}, {row.integer(1)}, {row.integer(2)}, {row.integer(3)}, row.integer(4)});
    return true;
  });
}

Result<DuePending> find_due_pending(Tx& tx, Timestamp now) {
  std::vector<DuePosting> due;
  sql::Pipeline pipeline(tx);
  TRY(enqueue_due_postings(pipeline, now, due));
  TRY(pipeline.sync());
  DuePending pending;
  for (const DuePosting& held : due) {
    pending[held.debit].debits_pending += held.remaining;
    pending[held.credit].credits_pending += held.remaining;
  }
  return pending;
}

void settle_due(Account& account, const DuePending& due) {
  const auto found = due.find(account.id);
  if (found == due.end()) return;
  account.sums.debits_pending -= found->second.debits_pending;
  account.sums.credits_pending -= found->second.credits_pending;
}

void settle_due(Hold& hold, Timestamp now) {
  if (hold.status != HoldStatus::open || !is_over(hold, now)) return;
  hold.status = HoldStatus::expired;
  for (HoldPosting& held : hold.postings) held.remaining = 0;
}

std::vector<const Query*> hold_list_queries() {
  std::vector<const Query*> queries;
  for (const auto* both : {&holds_of_tenant, &holds_of_reference, &holds_of_account}) {
    queries.push_back(&both->newest_first.query());
    queries.push_back(&both->oldest_first.query());
  }
  return queries;
}

}  // namespace florin::ledger::store
