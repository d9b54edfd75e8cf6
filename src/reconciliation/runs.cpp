#include "reconciliation/runs.h"

#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "platform/json/object_reader.h"
#include "platform/sql/database.h"
#include "reconciliation/csv.h"
#include "reconciliation/engine.h"
#include "reconciliation/errors.h"
#include "reconciliation/fields.h"
#include "reconciliation/item_recorder.h"
#include "reconciliation/store.h"

namespace florin::reconciliation {
namespace {

Error not_found() {
  return {errors::reconciliation_not_found, "there is no reconciliation of this id"};
}

bool has_ended(const Run& run) {
  return run.status == RunStatus::completed || run.status == RunStatus::failed;
}

Result<Run> require_run(sql::Tx& tx, TenantId tenant, RunId id) {
  auto run = TRY(store::find_run(tx, tenant, id));
  if (!run) return not_found();
  return *std::move(run);
}

void append_item_row(std::string& out, const Item& item) {
  if (!item.ours && !item.theirs) return;
  append_report_row(out, item.kind, item.ours, item.theirs);
  out += ',';
  out += to_word(item.status);
  out += ',';
  append_csv_text(out, item.note.value_or(""));
  out += ',';
  if (item.transfer) item.transfer->append_to(out);
  out += '\n';
}

}  // namespace

Runs::Runs(sql::Database& database, const Clock& clock, IdGenerator& ids, events::EventLog& events,
           SourceFactory sources, RunOptions options)
    : database_(database),
      clock_(clock),
      ids_(ids),
      events_(events),
      sources_(std::move(sources)),
      options_(std::move(options)) {}

Result<RunRequest> Runs::prepare(const Actor& origin, std::string_view partner,
                                 const Period& period) const {
  // A name that nobody knows is refused here, not by a run that fails later.
  const SourcePair sides = TRY(sources_(origin.tenant, partner));
  return RunRequest{origin, std::string(partner), period, sides.names};
}

Result<Run> Runs::request(sql::Tx& tx, const RunRequest& wanted) {
  auto known = TRY(store::find_run_of(tx, wanted.origin.tenant, wanted.partner, wanted.period));
  if (known && !has_ended(*known)) return *std::move(known);
  Run run = known.value_or(Run());
  run.status = RunStatus::queued;
  run.names = wanted.names;
  run.requested_by = wanted.origin.name;
  run.error_code.reset();
  run.error_detail.reset();
  if (known) {
    TRY(store::update_run(tx, run));
    return run;
  }
  run.created_at = clock_.now();  // Before the id: an id tells no earlier time.
  run.id = {ids_.next()};
  run.tenant = wanted.origin.tenant;
  run.partner = wanted.partner;
  run.period = wanted.period;
  TRY(store::insert_run(tx, run));
  return run;
}

Result<Run> Runs::begin(RunId id) {
  return database_.write([&](sql::Tx& tx) -> Result<Run> {
    auto run = TRY(store::find_run(tx, id));
    if (!run) return not_found();
    if (has_ended(*run)) return *std::move(run);
    run->status = RunStatus::running;
    ++run->attempt;
    run->started_at = clock_.now();
    run->finished_at.reset();
    TRY(store::update_run(tx, *run));
    return *std::move(run);
  });
}

Result<Run> Runs::execute(RunId id, const ProgressFn& progress) {
  TRY(make_folder(options_.work_dir));
  File locks = TRY(File::open(options_.work_dir + "/runs.lock"));
  if (!locks.try_lock(id.value)) {
    return Error{errors::reconciliation_running,
                 "another process reconciles this partner and period now"};
  }
  const Run run = TRY(begin(id));
  if (has_ended(run)) return run;
  auto outcome = compare_sides(run, progress);
  if (!outcome) {
    if (outcome.error().code != errors::reconciliation_interrupted)
      TRY(end(failed(run, outcome.error()), "reconciliation.failed"));
    return std::move(outcome).error();
  }
  TRY(end(*outcome, "reconciliation.completed"));
  return outcome;
}

Result<Run> Runs::compare_sides(Run run, const ProgressFn& progress) {
  const SourcePair sides = TRY(sources_(run.tenant, run.partner));
  run.names = sides.names;
  ReportWriter report = TRY(ReportWriter::create(
      options_.report_dir,
      {run.partner, run.period, run.names, sides.rules, run.started_at.value_or(clock_.now())}));
  ItemRecorder recorder(database_, clock_, ids_, run, options_.max_items);
  const EngineOptions engine{options_.work_dir, options_.memory_bytes};
  const Counts counts = TRY(compare(
      *sides.ours, *sides.theirs, run.period, sides.rules, engine,
      [&](const Mismatch& mismatch) -> Result<void> {
        TRY(report.add(mismatch));
        return recorder.add(mismatch);
      },
      progress));
  TRY(recorder.flush());
  report.describe(*sides.ours, *sides.theirs);
  run.finished_at = clock_.now();
  run.report_file = TRY(report.finish(counts, *run.finished_at)).mismatches;
  run.status = RunStatus::completed;
  run.counts = to_json(counts, run.names);
  run.mismatches = counts.mismatched();
  run.items_truncated = recorder.is_truncated();
  return run;
}

Run Runs::failed(Run run, const Error& error) const {
  run.status = RunStatus::failed;
  run.error_code = std::string(error.code.name);
  run.error_detail = error.detail;
  run.finished_at = clock_.now();
  return run;
}

Result<void> Runs::end(const Run& run, std::string_view event) {
  return database_.write([&](sql::Tx& tx) -> Result<void> {
    TRY(store::require_attempt(tx, run));
    TRY(store::update_run(tx, run));
    // When not all mismatches are kept, an item that was not seen may well exist.
    if (run.status == RunStatus::completed && !run.items_truncated)
      TRY(store::clear_unseen(tx, run.id, run.attempt, clock_.now()));
    TRY(events_.append(
        tx, {run.tenant, event, run.id.str(), to_json(run), run.requested_by, "", clock_.now()}));
    return {};
  });
}

Result<std::vector<RunId>> Runs::unfinished() {
  return database_.read([](sql::Tx& tx) { return store::unfinished(tx); });
}

Result<Run> Runs::run(TenantId tenant, RunId id) {
  return database_.read([&](sql::Tx& tx) { return require_run(tx, tenant, id); });
}

Result<Paged<Run>> Runs::runs(TenantId tenant, const std::optional<std::string>& partner,
                              const PageRequest& page) {
  return database_.read([&](sql::Tx& tx) { return store::runs(tx, tenant, partner, page); });
}

Result<Paged<Item>> Runs::items(TenantId tenant, RunId id, const ItemFilter& filter,
                                const PageRequest& page) {
  return database_.read([&](sql::Tx& tx) -> Result<Paged<Item>> {
    const Run run = TRY(require_run(tx, tenant, id));
    if (filter.kind && !parse_mismatch_kind(*filter.kind, run.names)) {
      return json::validation_error(
          {{"#/query/kind", "unknown_value", "must be a kind such as AMOUNT_MISMATCH"}});
    }
    return store::items(tx, run, filter, page);
  });
}

Result<std::string> Runs::report_csv(TenantId tenant, RunId id) {
  return database_.read([&](sql::Tx& tx) -> Result<std::string> {
    const Run run = TRY(require_run(tx, tenant, id));
    std::string text;
    append_report_head(text, run.names);
    text += ",status,note,transfer_id\n";
    TRY(store::visit_items(tx, run, [&](const Item& item) { append_item_row(text, item); }));
    return text;
  });
}

}  // namespace florin::reconciliation
