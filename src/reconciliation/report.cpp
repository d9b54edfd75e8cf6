#include "reconciliation/report.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/try.h"
#include "reconciliation/csv.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

constexpr std::size_t write_bytes = 256 << 10;

/// "2026-11-21T10-11-12-345678Z": a time that every file system takes as a name.
std::string name_of(Timestamp at) {
  std::string text = at.rfc3339();
  for (char& c : text) {
    if (c == ':' || c == '.') c = '-';
  }
  return text;
}

void append_side(std::string& out, const std::optional<Entry>& entry) {
  if (!entry) {
    out += ",,,,";
    return;
  }
  out += ',';
  out += entry->amount.currency.code();
  out += ',';
  out += to_decimal(entry->amount);
  out += ',';
  out += to_word(entry->status);
  out += ',';
  entry->at.append_rfc3339(out);
}

/// Ours less theirs; empty where there is nothing to subtract.
std::string difference_of(const std::optional<Entry>& ours, const std::optional<Entry>& theirs) {
  if (!ours || !theirs) return "";
  const auto difference = ours->amount.minus(theirs->amount);
  return difference ? to_decimal(*difference) : "";
}

/// The counts as people read them: a line each, ending in the verdict.
std::string summary_text(const ReportHead& head, const Counts& counts, Timestamp now) {
  std::string text = head.partner.empty() ? std::string("Reconciliation\n")
                                          : fmt::format("Reconciliation of {}\n", head.partner);
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<32}{}\n", name, value);
  };
  const auto count = [&](std::string_view name, std::int64_t value) {
    line(name, std::to_string(value));
  };
  if (head.period == Period::everything()) {
    line("Period", "everything");
  } else {
    line("From", head.period.from.rfc3339());
    line("To (not included)", head.period.to.rfc3339());
  }
  line("Started", head.started_at.rfc3339());
  line("Finished", now.rfc3339());
  count("Tolerance (minor units)", head.rules.tolerance_minor);
  count("Window at the edges (seconds)", head.rules.window_s);
  if (!head.our_reading.empty()) line("Format of " + head.names.ours, head.our_reading);
  if (!head.their_reading.empty()) line("Format of " + head.names.theirs, head.their_reading);
  count("Transactions of " + head.names.ours, counts.ours);
  count("Transactions of " + head.names.theirs, counts.theirs);
  if (counts.ours_outside + counts.theirs_outside > 0) {
    count("Outside the period, " + head.names.ours, counts.ours_outside);
    count("Outside the period, " + head.names.theirs, counts.theirs_outside);
  }
  count("On both sides", counts.matched);
  count("  of these by reference", counts.matched_by_ref);
  count("Not final yet", counts.pending);
  count("Without effect, one side only", counts.without_effect);
  for (std::size_t i = 0; i < mismatch_kinds; ++i)
    count(word_of(static_cast<MismatchKind>(i), head.names), counts.mismatches[i]);
  text +=
      counts.mismatched() == 0 ? "CLEAN\n" : fmt::format("{} MISMATCHES\n", counts.mismatched());
  return text;
}

}  // namespace

void append_report_head(std::string& out, const SideNames& names) {
  out += "kind,transaction_id,ref_id,type,player_id";
  for (const std::string& side : {names.ours, names.theirs})
    out += fmt::format(",{0}_currency,{0}_amount,{0}_status,{0}_at", side);
  out += ",difference";
}

void append_report_row(std::string& out, std::string_view kind, const std::optional<Entry>& ours,
                       const std::optional<Entry>& theirs) {
  const Entry& entry = ours ? *ours : *theirs;
  out += kind;
  for (const std::string* text : {&entry.key, &entry.ref, &entry.kind, &entry.player}) {
    out += ',';
    append_csv_text(out, *text);
  }
  append_side(out, ours);
  append_side(out, theirs);
  out += ',';
  out += difference_of(ours, theirs);
}

Result<ReportWriter> ReportWriter::create(const std::string& folder, ReportHead head) {
  TRY(make_folder(folder));
  std::string path = folder + "/reconciliation-" + name_of(head.started_at);
  File file = TRY(File::create(path + ".csv.tmp"));
  ReportWriter writer(std::move(path), std::move(head), std::move(file));
  append_report_head(writer.waiting_, writer.head_.names);
  writer.waiting_ += '\n';
  return writer;
}

ReportWriter::~ReportWriter() {
  if (!path_.empty()) ::unlink((path_ + ".csv.tmp").c_str());
}

Result<void> ReportWriter::add(const Mismatch& mismatch) {
  append_report_row(waiting_, word_of(mismatch.kind, head_.names), mismatch.ours, mismatch.theirs);
  waiting_ += '\n';
  if (waiting_.size() < write_bytes) return {};
  TRY(file_.append(waiting_));
  waiting_.clear();
  return {};
}

void ReportWriter::describe(const Source& ours, const Source& theirs) {
  head_.our_reading = ours.description();
  head_.their_reading = theirs.description();
}

Result<ReportFiles> ReportWriter::finish(const Counts& counts, Timestamp now) {
  TRY(file_.append(waiting_));
  TRY(file_.sync());
  const ReportFiles files{path_ + ".csv", path_ + "-summary.txt"};
  if (::rename((path_ + ".csv.tmp").c_str(), files.mismatches.c_str()) != 0) {
    return Error{errors::reconciliation_files_unusable,
                 files.mismatches + " cannot be renamed: " + std::strerror(errno)};
  }
  path_.clear();
  TRY(replace_file(files.summary, summary_text(head_, counts, now)));
  return files;
}

}  // namespace florin::reconciliation
