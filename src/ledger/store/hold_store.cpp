#include "ledger/store/hold_store.h"

#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

#define FLORIN_HOLD_COLUMNS                                                                  \
  "SELECT tenant_id, status, reference, description, metadata, expires_at_us, created_at_us" \
  " FROM holds WHERE id = $1"
constexpr Query hold_by_id{"ledger.hold_by_id", FLORIN_HOLD_COLUMNS};
constexpr Query hold_of_tenant{"ledger.hold_of_tenant", FLORIN_HOLD_COLUMNS " AND tenant_id = $2"};
#undef FLORIN_HOLD_COLUMNS
#define FLORIN_HOLD_HEADS \
  "SELECT h.id, h.status, h.expires_at_us, h.reference, h.metadata, h.created_at_us FROM holds h"
#define FLORIN_HOLD_RANGE " AND h.id >= $2 AND h.id <= $3 ORDER BY h.id"
constexpr OrderedQuery holds_of_tenant{
    {"ledger.holds_newest_first",
     FLORIN_HOLD_HEADS " WHERE h.tenant_id = $1" FLORIN_HOLD_RANGE " DESC", sql::Rows::many},
    {"ledger.holds_oldest_first", FLORIN_HOLD_HEADS " WHERE h.tenant_id = $1" FLORIN_HOLD_RANGE,
     sql::Rows::many}};
#define FLORIN_OF_REFERENCE \
  " WHERE h.tenant_id = $1 AND h.reference IS NOT NULL AND h.reference = $4"
constexpr OrderedQuery holds_of_reference{
    {"ledger.holds_of_reference_newest_first",
     FLORIN_HOLD_HEADS FLORIN_OF_REFERENCE FLORIN_HOLD_RANGE " DESC", sql::Rows::many},
    {"ledger.holds_of_reference_oldest_first",
     FLORIN_HOLD_HEADS FLORIN_OF_REFERENCE FLORIN_HOLD_RANGE, sql::Rows::many}};
#undef FLORIN_OF_REFERENCE
// The first of each side; together they hold the first of both.
#define FLORIN_HOLDS_OF(side, direction)                               \
  "SELECT hold_id FROM (SELECT hold_id FROM hold_postings WHERE " side \
  "_id = $1"                                                           \
  " AND hold_id >= $2 AND hold_id <= $3 ORDER BY hold_id" direction " LIMIT $4) AS " side "s"
#define FLORIN_HOLDS_OF_ACCOUNT(direction)                                                    \
  FLORIN_HOLD_HEADS " WHERE h.id IN (SELECT hold_id FROM (" FLORIN_HOLDS_OF(                  \
      "debit",                                                                                \
      direction) " UNION " FLORIN_HOLDS_OF("credit",                                          \
                                           direction) ") AS sides ORDER BY hold_id" direction \
                                                      " LIMIT $4) ORDER BY h.id" direction
constexpr OrderedQuery holds_of_account{
    {"ledger.holds_of_account_newest_first", FLORIN_HOLDS_OF_ACCOUNT(" DESC"), sql::Rows::many},
    {"ledger.holds_of_account_oldest_first", FLORIN_HOLDS_OF_ACCOUNT(""), sql::Rows::many}};
#undef FLORIN_HOLDS_OF_ACCOUNT
#undef FLORIN_HOLDS_OF
#undef FLORIN_HOLD_RANGE
#undef FLORIN_HOLD_HEADS
constexpr Query hold_postings_of{
    "ledger.hold_postings_of",
    "SELECT debit_id, credit_id, amount_minor, currency, remaining FROM hold_postings"
    " WHERE hold_id = $1 ORDER BY place"};
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
constexpr Query hold_insert{
    "ledger.hold_insert",
    "INSERT INTO holds (id, tenant_id, status, reference, description, metadata, expires_at_us,"
    " created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Query hold_update{"ledger.hold_update", "UPDATE holds SET status = $2 WHERE id = $1"};
constexpr Query hold_posting_insert{
    "ledger.hold_posting_insert",
    "INSERT INTO hold_postings (hold_id, place, debit_id, credit_id, amount_minor,"
    " currency, remaining) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr Query hold_posting_update{
    "ledger.hold_posting_update",
    "UPDATE hold_postings SET remaining = $3 WHERE hold_id = $1 AND place = $2"};
constexpr Query hold_change_insert{
    "ledger.hold_change_insert",
    "INSERT INTO hold_changes (id, hold_id, kind, transfer_id, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5)"};

std::optional<std::int64_t> us_of(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->us) : std::nullopt;
}

HoldHead read_hold_head(const Row& row, Timestamp now) {
  const auto status = sql::word(row, 1, "holds.status", parse_word<HoldStatus>);
  const auto expires_at_us = row.optional_integer(2);
  const bool is_due = status == HoldStatus::open && expires_at_us && *expires_at_us <= now.us;
  return {{row.integer(0)},
          is_due ? HoldStatus::expired : status,
          row.optional_text(3),
          std::string(row.text(4)),
          {row.integer(5)}};
}

Result<void> insert_hold(Tx& tx, const Hold& hold) {
  TRY(tx.send(hold_insert, {hold.id.value, hold.tenant.value, to_word(hold.status),
                            hold.details.reference, hold.details.description, hold.details.metadata,
                            us_of(hold.expires_at), hold.created_at.us}));
  std::int64_t place = 0;
  for (const HoldPosting& held : hold.postings) {
    const Posting& posting = held.posting;
    TRY(tx.send(hold_posting_insert,
                {hold.id.value, place++, posting.debit.value, posting.credit.value,
                 posting.amount.minor, posting.amount.currency.code(), held.remaining}));
  }
  return {};
}

Result<void> update_hold(Tx& tx, const Hold& hold) {
  TRY(tx.send(hold_update, {hold.id.value, to_word(hold.status)}));
  std::int64_t place = 0;
  for (const HoldPosting& held : hold.postings) {
    TRY(tx.send(hold_posting_update, {hold.id.value, place++, held.remaining}));
  }
  return {};
}

/// `query` finds the hold of this id.
Result<std::optional<Hold>> load_hold(Tx& tx, HoldId id, const Query& query,
                                      std::initializer_list<Param> params) {
  auto hold = TRY(find_one<Hold>(tx, query, params, [&](const Row& row) {
    Hold found;
    found.id = id;
    found.tenant = {row.integer(0)};
    found.status = sql::word(row, 1, "holds.status", parse_word<HoldStatus>);
    found.details = {row.optional_text(2), row.optional_text(3), std::string(row.text(4))};
    if (const auto expires = row.optional_integer(5)) found.expires_at = Timestamp{*expires};
    found.created_at = {row.integer(6)};
    return found;
  }));
  if (!hold) return hold;
  TRY(tx.query(hold_postings_of, {id.value}, [&](const Row& row) {
    hold->postings.push_back({{{row.integer(0)},
                               {row.integer(1)},
                               {row.integer(2), currency_at(row, 3, "hold_postings.currency")}},
                              row.integer(4)});
    return true;
  }));
  return hold;
}

}  // namespace

Result<std::optional<Hold>> load_hold(Tx& tx, HoldId id) {
  return load_hold(tx, id, hold_by_id, {id.value});
}

Result<std::optional<Hold>> load_hold(Tx& tx, TenantId tenant, HoldId id) {
  return load_hold(tx, id, hold_of_tenant, {id.value, tenant.value});
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
  return tx.query(holds_of_tenant.in(range.order), {tenant.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
}

Result<void> visit_holds_of_reference(Tx& tx, TenantId tenant, const std::string& reference,
                                      const IdRange& range, Timestamp now,
                                      const HoldVisitor& visit) {
  return tx.query(holds_of_reference.in(range.order),
                  {tenant.value, range.low, range.high, reference},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
}

Result<void> visit_holds_of_account(Tx& tx, AccountId account, const IdRange& range, Timestamp now,
                                    const HoldVisitor& visit) {
  return tx.query(holds_of_account.in(range.order),
                  {account.value, range.low, range.high, holds_at_once},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
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
  for (const OrderedQuery* both : {&holds_of_tenant, &holds_of_reference, &holds_of_account}) {
    queries.push_back(&both->newest_first);
    queries.push_back(&both->oldest_first);
  }
  return queries;
}

}  // namespace florin::ledger::store
