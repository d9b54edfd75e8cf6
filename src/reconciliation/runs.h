#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"
#include "reconciliation/report.h"
#include "reconciliation/rows.h"

namespace florin {
class IdGenerator;
}
namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql
namespace florin::events {
class EventLog;
}

namespace florin::reconciliation {

struct RunOptions {
  std::string work_dir;    ///< For spill files and the locks of runs; made where needed.
  std::string report_dir;  ///< Where reports go; made where needed.
  std::size_t memory_bytes = std::size_t{64} << 20;
  std::int64_t max_items = 100'000;  ///< Items kept of one run; the report has all mismatches.
};

/// What to reconcile, and on whose behalf.
struct RunRequest {
  Actor origin;
  std::string partner;
  Period period;
  SideNames names;
};

/// Compares periods of partners and keeps what it finds. Safe for concurrent use; one run is worked
/// on by one process at a time, whichever machine-local process asks.
class Runs {
 public:
  Runs(sql::Database& database, const Clock& clock, IdGenerator& ids, events::EventLog& events,
       SourceFactory sources, RunOptions options);

  /// Looks the partner up, before the unit of work: sources may take their time.
  /// Errors: reconciliation_partner_not_found, those of opening.
  Result<RunRequest> prepare(const Actor& origin, std::string_view partner,
                             const Period& period) const;
  /// Queues the period inside the caller's unit of work: as a new run, or anew when it was ended
  /// before; one that is queued or running is given back as it is.
  Result<Run> request(sql::Tx& tx, const RunRequest& wanted);

  /// Does the work of a queued run, or of one that was left running, on the caller's thread, from
  /// its beginning: items that are known stay, so that nothing doubles. A run that has ended is
  /// given back as it is. With the event reconciliation.completed or reconciliation.failed.
  /// Errors: reconciliation_not_found, reconciliation_running, reconciliation_interrupted (it stays
  ///         running, for the next call), those of the sources (the run has failed with them).
  Result<Run> execute(RunId id, const ProgressFn& progress = {});
  /// Runs for execute(), oldest first.
  Result<std::vector<RunId>> unfinished();

  /// Errors: reconciliation_not_found.
  Result<Run> run(TenantId tenant, RunId id);
  Result<Paged<Run>> runs(TenantId tenant, const std::optional<std::string>& partner,
                          const PageRequest& page);
  /// Errors: reconciliation_not_found; validation_failed for a kind that the run does not know.
  Result<Paged<Item>> items(TenantId tenant, RunId id, const ItemFilter& filter,
                            const PageRequest& page);
  /// All items as CSV: the columns of a report, then status, note and transfer.
  /// Errors: reconciliation_not_found.
  Result<std::string> report_csv(TenantId tenant, RunId id);

 private:
  Result<Run> begin(RunId id);
  Result<Run> compare_sides(Run run, const ProgressFn& progress);
  Result<void> end(const Run& run, std::string_view event);
  Run failed(Run run, const Error& error) const;

  sql::Database& database_;
  const Clock& clock_;
  IdGenerator& ids_;
  events::EventLog& events_;
  const SourceFactory sources_;
  const RunOptions options_;
};

}  // namespace florin::reconciliation
