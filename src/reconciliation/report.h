#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "reconciliation/file.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// The columns of a mismatch in a report, without the end of the line.
void append_report_head(std::string& out, const SideNames& names);
void append_report_row(std::string& out, std::string_view kind, const std::optional<Entry>& ours,
                       const std::optional<Entry>& theirs);

/// Where a run's report stands.
struct ReportFiles {
  std::string mismatches;  ///< reconciliation-<timestamp>.csv
  std::string summary;     ///< reconciliation-<timestamp>-summary.txt
};

/// What the summary says besides the counts.
struct ReportHead {
  std::string partner;  ///< Empty: two files were compared.
  Period period;
  SideNames names;
  Rules rules;
  Timestamp started_at;
  std::string our_reading = {}, their_reading = {};  ///< How the sides were read.
};

/// Writes the two files of a run. They appear under their names when they are complete.
class ReportWriter {
 public:
  /// Makes the folder where needed. Errors, as of all the functions: reconciliation_files_unusable.
  static Result<ReportWriter> create(const std::string& folder, ReportHead head);
  ReportWriter(ReportWriter&&) = default;
  ReportWriter& operator=(ReportWriter&&) = default;
  ~ReportWriter();  ///< Removes what is not complete.

  Result<void> add(const Mismatch& mismatch);
  /// Says in the summary how the sides were read.
  void describe(const Source& ours, const Source& theirs);
  Result<ReportFiles> finish(const Counts& counts, Timestamp now);

 private:
  ReportWriter(std::string path, ReportHead head, File file)
      : path_(std::move(path)), head_(std::move(head)), file_(std::move(file)) {}

  std::string path_;  // Without the endings; empty when nothing is left to remove.
  ReportHead head_;
  File file_;
  std::string waiting_;
};

}  // namespace florin::reconciliation
