#include "reconciliation/store.h"

#include <limits>

#include "base/page_work.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"
#include "reconciliation/errors.h"
#include "reconciliation/fields.h"

namespace florin::reconciliation::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using Postings = std::vector<ProposedPosting>;

#define FLORIN_RUN_COLUMNS                                                                 \
  "SELECT id, tenant_id, partner, from_us, to_us, status, attempt, our_name, their_name, " \
  "counts, mismatches, items_truncated, error_code, error_detail, report_file, "           \
  "requested_by, created_at_us, started_at_us, finished_at_us FROM reconciliation_runs"
constexpr Query run_by_id{"reconciliation.run_by_id", FLORIN_RUN_COLUMNS " WHERE id = $1"};
constexpr Query run_of_tenant{"reconciliation.run_of_tenant",
                              FLORIN_RUN_COLUMNS " WHERE id = $1 AND tenant_id = $2"};
constexpr Query run_by_period{"reconciliation.run_by_period", FLORIN_RUN_COLUMNS
                              " WHERE tenant_id = $1 AND partner = $2 AND from_us = $3 AND "
                              "to_us = $4"};
constexpr Query runs_of_tenant{"reconciliation.runs_of_tenant", FLORIN_RUN_COLUMNS
                               " WHERE tenant_id = $1 AND id < $2 AND created_at_us >= $3 AND "
                               "created_at_us < $4 ORDER BY id DESC"};
#undef FLORIN_RUN_COLUMNS
constexpr Query run_insert{
    "reconciliation.run_insert",
    "INSERT INTO reconciliation_runs (id, tenant_id, partner, from_us, to_us, status, attempt, "
    "our_name, their_name, counts, mismatches, items_truncated, error_code, error_detail, "
    "report_file, requested_by, created_at_us, started_at_us, finished_at_us) VALUES ($1, $2, $3, "
    "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"};
constexpr Query run_update{
    "reconciliation.run_update",
    "UPDATE reconciliation_runs SET status = $2, attempt = $3, our_name = $4, their_name = $5, "
    "counts = $6, mismatches = $7, items_truncated = $8, error_code = $9, error_detail = $10, "
    "report_file = $11, requested_by = $12, started_at_us = $13, finished_at_us = $14 "
    "WHERE id = $1"};
constexpr Query run_attempt{"reconciliation.run_attempt",
                            "SELECT 1 FROM reconciliation_runs WHERE id = $1 AND attempt = $2"};
constexpr Query unfinished_runs{
    "reconciliation.unfinished",
    "SELECT id FROM reconciliation_runs WHERE status IN ('queued', 'running') ORDER BY id"};

#define FLORIN_ITEM_COLUMNS                                                                        \
  "SELECT id, tenant_id, run_id, kind, status, transaction_id, ours, theirs, note, explained_by, " \
  "proposal, proposed_by, decided_by, transfer_id, created_at_us, updated_at_us FROM "             \
  "reconciliation_items"
constexpr Query item_by_id{"reconciliation.item_by_id",
                           FLORIN_ITEM_COLUMNS " WHERE id = $1 AND tenant_id = $2"};
constexpr Query item_by_fingerprint{"reconciliation.item_by_fingerprint",
                                    FLORIN_ITEM_COLUMNS " WHERE run_id = $1 AND fingerprint = $2"};
constexpr Query items_of_run{"reconciliation.items_of_run", FLORIN_ITEM_COLUMNS
                             " WHERE run_id = $1 AND id < $2 AND tenant_id = $3 AND created_at_us "
                             ">= $4 AND created_at_us < $5 ORDER BY id DESC"};
constexpr Query all_items_of_run{"reconciliation.all_items_of_run", FLORIN_ITEM_COLUMNS
                                 " WHERE run_id = $1 AND tenant_id = $2 ORDER BY id"};
#undef FLORIN_ITEM_COLUMNS
constexpr Query item_insert{
    "reconciliation.item_insert",
    "INSERT INTO reconciliation_items (id, tenant_id, run_id, fingerprint, seen_attempt, kind, "
    "status, transaction_id, ours, theirs, created_at_us, updated_at_us) VALUES ($1, $2, $3, $4, "
    "$5, $6, 'open', $7, $8, $9, $10, $10)"};
constexpr Query item_seen{"reconciliation.item_seen",
                          "UPDATE reconciliation_items SET seen_attempt = $2 WHERE id = $1"};
constexpr Query item_update{
    "reconciliation.item_update",
    "UPDATE reconciliation_items SET status = $2, ours = $3, theirs = $4, note = $5, "
    "explained_by = $6, proposal = $7, proposed_by = $8, decided_by = $9, transfer_id = $10, "
    "updated_at_us = $11 WHERE id = $1"};
constexpr Query items_clear{
    "reconciliation.items_clear",
    "UPDATE reconciliation_items SET status = 'cleared', proposal = NULL, proposed_by = NULL, "
    "updated_at_us = $3 WHERE run_id = $1 AND seen_attempt < $2 AND status IN ('open', "
    "'proposed')"};

std::optional<Timestamp> time_of(const Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return Timestamp{row.integer(column)};
}

Param time_param(const std::optional<Timestamp>& at) { return at ? Param(at->us) : Param(nullptr); }

/// A column of JSON, which may be NULL.
template <class T>
std::optional<T> document_in(const Row& row, int column, std::string_view place) {
  if (row.is_null(column)) return std::nullopt;
  const auto document = json::from_text<T>(row.text(column));
  if (!document) sql::refuse_word(row, column, place);
  return document;
}

template <class T>
std::optional<std::string> text_of(const std::optional<T>& document) {
  return document ? std::optional(json::to_text(*document)) : std::nullopt;
}

Run read_run(const Row& row) {
  Run run;
  run.id = {row.integer(0)};
  run.tenant = {row.integer(1)};
  run.partner = row.text(2);
  run.period = {{row.integer(3)}, {row.integer(4)}};
  run.status = sql::word(row, 5, "reconciliation_runs.status", parse_word<RunStatus>);
  run.attempt = row.integer(6);
  run.names = {std::string(row.text(7)), std::string(row.text(8))};
  run.counts = row.optional_text(9);
  run.mismatches = row.integer(10);
  run.items_truncated = row.integer(11) != 0;
  run.error_code = row.optional_text(12);
  run.error_detail = row.optional_text(13);
  run.report_file = row.optional_text(14);
  run.requested_by = row.text(15);
  run.created_at = {row.integer(16)};
  run.started_at = time_of(row, 17);
  run.finished_at = time_of(row, 18);
  return run;
}

Item read_item(const Row& row) {
  Item item;
  item.id = {row.integer(0)};
  item.tenant = {row.integer(1)};
  item.run = {row.integer(2)};
  item.kind = row.text(3);
  item.status = sql::word(row, 4, "reconciliation_items.status", parse_word<ItemStatus>);
  item.transaction_id = row.text(5);
  item.ours = document_in<Entry>(row, 6, "reconciliation_items.ours");
  item.theirs = document_in<Entry>(row, 7, "reconciliation_items.theirs");
  item.note = row.optional_text(8);
  item.explained_by = row.optional_text(9);
  item.proposal = document_in<Postings>(row, 10, "reconciliation_items.proposal");
  item.proposed_by = row.optional_text(11);
  item.decided_by = row.optional_text(12);
  if (!row.is_null(13)) item.transfer = TransferId{row.integer(13)};
  item.created_at = {row.integer(14)};
  item.updated_at = {row.integer(15)};
  return item;
}

Result<std::optional<Run>> one_run(sql::Tx& tx, const Query& query,
                                   std::initializer_list<Param> params) {
  std::optional<Run> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read_run(row);
    return false;
  }));
  return found;
}

Result<std::optional<Item>> one_item(sql::Tx& tx, const Query& query,
                                     std::initializer_list<Param> params) {
  std::optional<Item> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read_item(row);
    return false;
  }));
  return found;
}

constexpr std::int64_t max_number = std::numeric_limits<std::int64_t>::max();

std::int64_t start_of(const PageRequest& page) {
  return page.before != 0 ? page.before : max_number;
}
std::int64_t first_of(const Created& created) { return created.after ? created.after->us : 0; }
std::int64_t end_of(const Created& created) {
  return created.before ? created.before->us : max_number;
}

/// Takes rows that fit until the page is full; the first one beyond it starts the next page.
template <class T>
bool offer(Paged<T>& page, PageWork& work, const Row& row, bool fits, T (*read)(const Row&)) {
  if (work.look() && (!fits || work.take())) {
    if (fits) page.rows.push_back(read(row));
    return true;
  }
  page.next = row.integer(0) + 1;
  return false;
}

bool matches(const Row& row, const ItemFilter& filter) {
  return (!filter.kind || row.text(3) == *filter.kind) &&
         (!filter.status || row.text(4) == to_word(*filter.status)) &&
         (!filter.transaction_id || row.text(5) == *filter.transaction_id);
}

}  // namespace

Result<std::optional<Run>> find_run(sql::Tx& tx, RunId id) {
  return one_run(tx, run_by_id, {id.value});
}

Result<std::optional<Run>> find_run(sql::Tx& tx, TenantId tenant, RunId id) {
  return one_run(tx, run_of_tenant, {id.value, tenant.value});
}

Result<std::optional<Run>> find_run_of(sql::Tx& tx, TenantId tenant, std::string_view partner,
                                       const Period& period) {
  return one_run(tx, run_by_period, {tenant.value, partner, period.from.us, period.to.us});
}

Result<void> insert_run(sql::Tx& tx, const Run& run) {
  TRY(tx.exec(run_insert,
              {run.id.value, run.tenant.value, run.partner, run.period.from.us, run.period.to.us,
               to_word(run.status), run.attempt, run.names.ours, run.names.theirs, run.counts,
               run.mismatches, run.items_truncated, run.error_code, run.error_detail,
               run.report_file, run.requested_by, run.created_at.us, time_param(run.started_at),
               time_param(run.finished_at)}));
  return {};
}

Result<void> update_run(sql::Tx& tx, const Run& run) {
  TRY(tx.exec(run_update, {run.id.value, to_word(run.status), run.attempt, run.names.ours,
                           run.names.theirs, run.counts, run.mismatches, run.items_truncated,
                           run.error_code, run.error_detail, run.report_file, run.requested_by,
                           time_param(run.started_at), time_param(run.finished_at)}));
  return {};
}

Result<void> require_attempt(sql::Tx& tx, const Run& run) {
  bool is_current = false;
  TRY(tx.query(run_attempt, {run.id.value, run.attempt},
               [&](const Row&) { return !(is_current = true); }));
  if (is_current) return {};
  return Error{errors::reconciliation_running, "another process has started this run again"};
}

Result<std::vector<RunId>> unfinished(sql::Tx& tx) {
  std::vector<RunId> ids;
  TRY(tx.query(unfinished_runs, {}, [&](const Row& row) {
    ids.push_back({row.integer(0)});
    return true;
  }));
  return ids;
}

Result<Paged<Run>> runs(sql::Tx& tx, TenantId tenant, const RunFilter& filter,
                        const PageRequest& page) {
  Paged<Run> found;
  PageWork work(page.limit);
  TRY(tx.query(runs_of_tenant,
               {tenant.value, start_of(page), first_of(filter.created), end_of(filter.created)},
               [&](const Row& row) {
                 const bool fits = !filter.partner || row.text(2) == *filter.partner;
                 return offer(found, work, row, fits, read_run);
               }));
  return found;
}

Result<void> record(sql::Tx& tx, const FoundItem& found, std::int64_t attempt) {
  const Item& item = found.item;
  auto known = TRY(one_item(tx, item_by_fingerprint, {item.run.value, found.fingerprint}));
  if (!known) {
    TRY(tx.exec(item_insert, {item.id.value, item.tenant.value, item.run.value, found.fingerprint,
                              attempt, item.kind, item.transaction_id, text_of(item.ours),
                              text_of(item.theirs), item.created_at.us}));
    return {};
  }
  TRY(tx.exec(item_seen, {known->id.value, attempt}));
  const bool is_same = known->ours == item.ours && known->theirs == item.theirs;
  if (is_same && known->status != ItemStatus::cleared) return {};
  known->ours = item.ours;
  known->theirs = item.theirs;
  known->updated_at = item.created_at;
  // What was said about other numbers does not hold for these; what was paid is paid.
  if (known->status != ItemStatus::resolved) {
    known->status = ItemStatus::open;
    known->note.reset();
    known->explained_by.reset();
    known->proposal.reset();
    known->proposed_by.reset();
  }
  return update_item(tx, *known);
}

Result<void> clear_unseen(sql::Tx& tx, RunId run, std::int64_t attempt, Timestamp now) {
  TRY(tx.exec(items_clear, {run.value, attempt, now.us}));
  return {};
}

Result<std::optional<Item>> find_item(sql::Tx& tx, TenantId tenant, ItemId id) {
  return one_item(tx, item_by_id, {id.value, tenant.value});
}

Result<void> update_item(sql::Tx& tx, const Item& item) {
  const Param transfer = item.transfer ? Param(item.transfer->value) : Param(nullptr);
  TRY(tx.exec(item_update,
              {item.id.value, to_word(item.status), text_of(item.ours), text_of(item.theirs),
               item.note, item.explained_by, text_of(item.proposal), item.proposed_by,
               item.decided_by, transfer, item.updated_at.us}));
  return {};
}

Result<Paged<Item>> items(sql::Tx& tx, const Run& run, const ItemFilter& filter,
                          const PageRequest& page) {
  Paged<Item> found;
  PageWork work(page.limit);
  TRY(tx.query(
      items_of_run,
      {run.id.value, start_of(page), run.tenant.value, first_of(filter.created),
       end_of(filter.created)},
      [&](const Row& row) { return offer(found, work, row, matches(row, filter), read_item); }));
  return found;
}

Result<void> visit_items(sql::Tx& tx, const Run& run,
                         const std::function<void(const Item&)>& visit) {
  return tx.query(all_items_of_run, {run.id.value, run.tenant.value}, [&](const Row& row) {
    visit(read_item(row));
    return true;
  });
}

}  // namespace florin::reconciliation::store
