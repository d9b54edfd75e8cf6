#include "app/cli/reconcile_command.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

#include "access/access.h"
#include "app/core.h"
#include "app/secret_key.h"
#include "base/try.h"
#include "events/events.h"
#include "hub/wallet_hub.h"
#include "platform/sql/database.h"
#include "reconciliation/csv.h"
#include "reconciliation/engine.h"
#include "reconciliation/module.h"
#include "reconciliation/report.h"
#include "reconciliation/runs.h"

namespace florin::app {
namespace {

using reconciliation::Period;

constexpr std::int64_t day_s = 86'400;

Error invalid(std::string detail) { return {florin::errors::validation_failed, std::move(detail)}; }

Error no_time(const std::string& text) {
  return invalid("FROM and TO must be days such as 2026-11-21 or times of RFC 3339; " + text +
                 " is neither");
}

/// FROM alone is the day, or the 24 hours, that begin with it.
Result<Period> given_period(const ReconcileOptions& options) {
  const auto from = reconciliation::parse_period_start(options.from);
  if (!from) return no_time(options.from);
  if (options.to.empty()) return Period{*from, from->plus_seconds(day_s)};
  const auto to = reconciliation::parse_period_end(options.to);
  if (!to) return no_time(options.to);
  if (*to <= *from) return invalid("TO must not be before FROM");
  return Period{*from, *to};
}

Result<std::unique_ptr<reconciliation::Source>> open_file(const std::string& path,
                                                          const std::vector<std::string>& format) {
  return reconciliation::open_csv_source(path, TRY(reconciliation::parse_file_format(format)));
}

Period yesterday(Timestamp now) {
  const std::int64_t day_us = day_s * 1'000'000;
  const Timestamp midnight{now.us - now.us % day_us};
  return {midnight.plus_seconds(-day_s), midnight};
}

/// The summary, then where it stands.
void print_report(const std::string& mismatches_file) {
  const std::string summary_file =
      mismatches_file.substr(0, mismatches_file.rfind(".csv")) + "-summary.txt";
  std::stringstream summary;
  summary << std::ifstream(summary_file).rdbuf();
  fmt::print("{}{}\n{}\n", summary.str(), mismatches_file, summary_file);
}

}  // namespace

void add_reconcile_options(CLI::App& app, ReconcileOptions& options) {
  app.add_option("from", options.from,
                 "First day or time, UTC (default: yesterday; all of two files)");
  app.add_option("to", options.to,
                 "Last day, included, or a time that is no longer part of it (default: one day)");
  app.add_option("--tenant", options.tenant, "Name or id of the tenant (default: default)");
  app.add_option("--partner", options.partner, "The partner (default: default)");
  app.add_option("--out", options.out, "Folder of the report (default ./reconciliation-reports)");
  CLI::Option* left = app.add_option("--left", options.left, "CSV file of our side");
  CLI::Option* right = app.add_option("--right", options.right, "CSV file of the other side");
  left->needs(right);
  right->needs(left);
  app.add_option("--left-name", options.names.ours, "What the left side is called (default hub)")
      ->needs(left);
  app.add_option("--right-name", options.names.theirs,
                 "What the right side is called (default operator)")
      ->needs(left);
  constexpr const char* formats =
      "How the file is written, KEY=VALUE, repeated: delimiter=comma|semicolon|tab|pipe, "
      "decimal=point|comma, encoding=utf-8|utf-16, time_zone=Africa/Nairobi, and for a column "
      "amount=Betrag (default: found out)";
  app.add_option("--left-format", options.left_format, formats)->needs(left);
  app.add_option("--right-format", options.right_format, formats)->needs(right);
  app.add_option("--tolerance", options.rules.tolerance_minor,
                 "Minor units by which amounts may differ (default 0)")
      ->needs(left)
      ->check(CLI::NonNegativeNumber);
  app.add_option("--window", options.rules.window_s,
                 "Seconds by which a partner may lie outside of the period (default 300)")
      ->needs(left)
      ->check(CLI::Range(0, 604'800));
}

Result<std::int64_t> reconcile_files(const ReconcileOptions& options, const Clock& clock,
                                     const reconciliation::ProgressFn& progress) {
  // Whoever gives files and no period wants to know about all that is in them.
  const Period period = options.from.empty() ? Period::everything() : TRY(given_period(options));
  const auto left = TRY(open_file(options.left, options.left_format));
  const auto right = TRY(open_file(options.right, options.right_format));
  const reconciliation::ReportHead head{"", period, options.names, options.rules, clock.now()};
  auto report = TRY(reconciliation::ReportWriter::create(options.out, head));
  const auto counts = TRY(reconciliation::compare(
      *left, *right, period, options.rules, {options.out},
      [&](const reconciliation::Mismatch& mismatch) { return report.add(mismatch); }, progress));
  report.describe(*left, *right);
  print_report(TRY(report.finish(counts, clock.now())).mismatches);
  return counts.mismatched();
}

Result<std::int64_t> reconcile_partner(const ReconcileOptions& options, sql::Database& database,
                                       const Clock& clock, const Config& config,
                                       const reconciliation::ProgressFn& progress) {
  const Period period = options.from.empty() ? yesterday(clock.now()) : TRY(given_period(options));
  Core core(database, clock, config, TRY(load_secret_key(config, KeyFile::is_expected)));
  TRY(core.get<hub::Hub>().recover());
  auto run_options = reconciliation::run_options(core.get<const modules::DataFolder>());
  run_options.report_dir = options.out;
  reconciliation::Runs runs(database, clock, core.get<IdGenerator>(), core.get<events::EventLog>(),
                            core.get<const reconciliation::SourceFactory>(), run_options);
  const TenantId tenant = TRY(core.get<access::Access>().find_tenant(options.tenant)).id;
  const auto wanted = TRY(runs.prepare({tenant, "system", ""}, options.partner, period));
  const auto queued = TRY(database.write([&](sql::Tx& tx) { return runs.request(tx, wanted); }));
  const auto run = TRY(runs.execute(queued.id, progress));
  if (run.error_code) return invalid(run.error_detail.value_or(*run.error_code));
  print_report(run.report_file.value_or(""));
  fmt::print("{}: {} mismatches\n", run.id.str(), run.mismatches);
  return run.mismatches;
}

}  // namespace florin::app
