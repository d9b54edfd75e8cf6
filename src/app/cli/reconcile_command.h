#pragma once
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/clock.h"
#include "reconciliation/reconciliation.h"

namespace CLI {
class App;
}

namespace florin::sql {
class Database;
}

namespace florin::app {

/// What `florin reconcile` was asked for.
struct ReconcileOptions {
  std::string from, to;  ///< Days or times; empty: not given.
  std::string tenant = "default", partner = "default";
  std::string left, right;                             ///< Files to compare, without a database.
  std::vector<std::string> left_format, right_format;  ///< As parse_file_format() reads them.
  reconciliation::SideNames names;
  reconciliation::Rules rules;                 ///< Of two files; a partner has its own.
  std::string out = "reconciliation-reports";  ///< Where the report goes.

  bool has_files() const { return !left.empty(); }
};

/// Says what the command understands; the values go into `options`, which outlive the command.
void add_reconcile_options(CLI::App& app, ReconcileOptions& options);

/// Compares two files, prints the summary and writes the report. Returns the number of mismatches.
/// Errors: validation_failed (times), reconciliation_files_unusable, reconciliation_file_malformed.
Result<std::int64_t> reconcile_files(const ReconcileOptions& options, const Clock& clock,
                                     const reconciliation::ProgressFn& progress);

/// Reconciles a partner's period as the server would, and keeps run and items in the database.
/// Errors: validation_failed, tenant_not_found, those of Runs.
Result<std::int64_t> reconcile_partner(const ReconcileOptions& options, sql::Database& database,
                                       const Clock& clock, const Config& config,
                                       const reconciliation::ProgressFn& progress);

}  // namespace florin::app
