#include "reconciliation/store.h"

#include "base/try.h"
#include "platform/sql/list.h"
#include "platform/sql/table.h"
#include "reconciliation/errors.h"
#include "reconciliation/fields.h"

namespace florin {
namespace {

using Postings = std::vector<reconciliation::ProposedPosting>;

/// A document, kept as JSON; NULL when it is absent.
template <class X>
struct DocumentCell {
  static constexpr sql::Param::Kind type = sql::Param::Kind::text;
  static sql::Param param(const std::optional<X>& value, sql::KeptTexts& kept) {
    return value ? sql::Param(kept.keep(json::to_text(*value))) : sql::Param(nullptr);
  }
  static std::optional<X> read(const sql::CellPlace& cell) {
    if (cell.row.is_null(cell.column)) return std::nullopt;
    auto value = json::from_text<X>(cell.text());
    if (!value) cell.refuse();
    return value;
  }
  static bool is_empty(const std::optional<X>& value) { return !value; }
};

}  // namespace

template <>
struct sql::Cell<std::optional<reconciliation::Entry>> : DocumentCell<reconciliation::Entry> {};
template <>
struct sql::Cell<std::optional<Postings>> : DocumentCell<Postings> {};

}  // namespace florin

namespace florin::reconciliation::store {
namespace {

using sql::Query;
using sql::Role;
using sql::Tx;

const sql::Table<Run> all_runs(
    "reconciliation_runs",
    {
        {"id", &Run::id, {.role = Role::key}},
        {"tenant_id", &Run::tenant, {.role = Role::key}},
        {"partner", &Run::partner, {.role = Role::fixed}},
        {"from_us", sql::within(&Run::period, &Period::from), {.role = Role::fixed}},
        {"to_us", sql::within(&Run::period, &Period::to), {.role = Role::fixed}},
        {"status", &Run::status},
        {"attempt", &Run::attempt},
        {"our_name", sql::within(&Run::names, &SideNames::ours)},
        {"their_name", sql::within(&Run::names, &SideNames::theirs)},
        {"counts", &Run::counts},
        {"mismatches", &Run::mismatches},
        {"items_truncated", &Run::items_truncated},
        {"error_code", &Run::error_code},
        {"error_detail", &Run::error_detail},
        {"report_file", &Run::report_file},
        {"requested_by", &Run::requested_by},
        {"created_at_us", &Run::created_at, {.role = Role::fixed}},
        {"started_at_us", &Run::started_at},
        {"finished_at_us", &Run::finished_at},
    });
const auto run_by_id = all_runs.select("reconciliation.run_by_id", "WHERE id = $1");
const auto run_of_tenant =
    all_runs.select("reconciliation.run_of_tenant", "WHERE id = $1 AND tenant_id = $2");
const auto run_by_period =
    all_runs.select("reconciliation.run_by_period",
                    "WHERE tenant_id = $1 AND partner = $2 AND from_us = $3 AND to_us = $4");
const sql::List<Run> newest_runs(all_runs, "reconciliation.runs");
constexpr Query run_attempt{"reconciliation.run_attempt",
                            "SELECT 1 FROM reconciliation_runs WHERE id = $1 AND attempt = $2"};
constexpr Query unfinished_runs{
    "reconciliation.unfinished",
    "SELECT id FROM reconciliation_runs WHERE status IN ('queued', 'running') ORDER BY id"};

const sql::Table<Item> all_items(
    "reconciliation_items", {
                                {"id", &Item::id, {.role = Role::key}},
                                {"tenant_id", &Item::tenant, {.role = Role::key}},
                                {"run_id", &Item::run, {.role = Role::fixed}},
                                {"fingerprint", &Item::fingerprint, {.role = Role::fixed}},
                                {"seen_attempt", &Item::seen_attempt},
                                {"kind", &Item::kind, {.role = Role::fixed}},
                                {"status", &Item::status},
                                {"transaction_id", &Item::transaction_id, {.role = Role::fixed}},
                                {"ours", &Item::ours},
                                {"theirs", &Item::theirs},
                                {"note", &Item::note},
                                {"explained_by", &Item::explained_by},
                                {"proposal", &Item::proposal},
                                {"proposed_by", &Item::proposed_by},
                                {"decided_by", &Item::decided_by},
                                {"transfer_id", &Item::transfer},
                                {"created_at_us", &Item::created_at, {.role = Role::fixed}},
                                {"updated_at_us", &Item::updated_at},
                            });
const auto item_by_id =
    all_items.select("reconciliation.item_by_id", "WHERE id = $1 AND tenant_id = $2");
const auto item_by_fingerprint = all_items.select("reconciliation.item_by_fingerprint",
                                                  "WHERE run_id = $1 AND fingerprint = $2");
const auto items_of_run =
    all_items.select("reconciliation.items_of_run",
                     "WHERE run_id = $1 AND tenant_id = $2 ORDER BY id", sql::Rows::many);
const sql::List<Item> newest_items(all_items, "reconciliation.items", {"run_id"});
constexpr Query item_seen{"reconciliation.item_seen",
                          "UPDATE reconciliation_items SET seen_attempt = $2 WHERE id = $1"};
constexpr Query items_clear{
    "reconciliation.items_clear",
    "UPDATE reconciliation_items SET status = 'cleared', proposal = NULL, proposed_by = NULL, "
    "updated_at_us = $3 WHERE run_id = $1 AND seen_attempt < $2 AND status IN ('open', "
    "'proposed')"};

/// What was decided about other amounts does not hold for these.
void reopen(Item& item) {
  item.status = ItemStatus::open;
  item.note.reset();
  item.explained_by.reset();
  item.proposal.reset();
  item.proposed_by.reset();
}

}  // namespace

Result<std::optional<Run>> find_run(Tx& tx, RunId id) { return run_by_id.first(tx, {id.value}); }

Result<std::optional<Run>> find_run(Tx& tx, TenantId tenant, RunId id) {
  return run_of_tenant.first(tx, {id.value, tenant.value});
}

Result<std::optional<Run>> find_run_of(Tx& tx, TenantId tenant, std::string_view partner,
                                       const Period& period) {
  return run_by_period.first(tx, {tenant.value, partner, period.from.us, period.to.us});
}

Result<void> insert_run(Tx& tx, const Run& run) { return all_runs.insert(tx, run); }

Result<void> update_run(Tx& tx, const Run& run) { return all_runs.send_change(tx, run); }

Result<void> require_attempt(Tx& tx, const Run& run) {
  bool is_current = false;
  TRY(tx.query(run_attempt, {run.id.value, run.attempt},
               [&](const sql::Row&) { return !(is_current = true); }));
  if (is_current) return {};
  return Error{errors::reconciliation_running, "another process has started this run again"};
}

Result<std::vector<RunId>> unfinished(Tx& tx) {
  std::vector<RunId> ids;
  TRY(tx.query(unfinished_runs, {}, [&](const sql::Row& row) {
    ids.push_back({row.integer(0)});
    return true;
  }));
  return ids;
}

Result<Paged<Run>> runs(Tx& tx, TenantId tenant, const std::optional<std::string>& partner,
                        const PageRequest& page) {
  return newest_runs.page(tx, tenant, page, sql::Filters().equals("partner", partner));
}

Result<void> record(Tx& tx, const Item& found) {
  auto known = TRY(item_by_fingerprint.first(tx, {found.run.value, found.fingerprint}));
  if (!known) return all_items.insert(tx, found);
  const bool is_same = known->ours == found.ours && known->theirs == found.theirs;
  if (is_same && known->status != ItemStatus::cleared)
    return tx.send(item_seen, {known->id.value, found.seen_attempt});
  known->seen_attempt = found.seen_attempt;
  known->ours = found.ours;
  known->theirs = found.theirs;
  known->updated_at = found.created_at;
  if (known->status != ItemStatus::resolved) reopen(*known);  // What was paid is paid.
  return update_item(tx, *known);
}

Result<void> clear_unseen(Tx& tx, RunId run, std::int64_t attempt, Timestamp now) {
  return tx.send(items_clear, {run.value, attempt, now.us});
}

Result<std::optional<Item>> find_item(Tx& tx, TenantId tenant, ItemId id) {
  return item_by_id.first(tx, {id.value, tenant.value});
}

Result<void> update_item(Tx& tx, const Item& item) { return all_items.send_change(tx, item); }

Result<Paged<Item>> items(Tx& tx, const Run& run, const ItemFilter& filter,
                          const PageRequest& page) {
  return newest_items.page(tx, run.tenant, page,
                           sql::Filters()
                               .equals("run_id", run.id)
                               .equals("kind", filter.kind)
                               .equals("status", filter.status)
                               .equals("transaction_id", filter.transaction_id));
}

Result<void> visit_items(Tx& tx, const Run& run, const std::function<void(const Item&)>& visit) {
  return items_of_run.visit(tx, {run.id.value, run.tenant.value}, [&](const Item& item) {
    visit(item);
    return true;
  });
}

}  // namespace florin::reconciliation::store
