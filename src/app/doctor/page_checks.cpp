#include "app/doctor/page_checks.h"

#include <fmt/format.h>

#include "base/try.h"
#include "platform/sql/database.h"

namespace florin::app {

Result<PageFinding> check_pages(sql::Database& database, const BackupProgress& progress) {
  const sql::PageReport found = TRY(database.check_pages([&](std::int64_t done, std::int64_t all) {
    if (progress)
      progress("page checksums",
               sql::Done(done, static_cast<double>(done), static_cast<double>(all)));
  }));
  if (!found.faults.empty()) {
    return PageFinding{false, fmt::format("{:6} page checksums ({} pages)\n       {}\n", "FAULT",
                                          found.pages, fmt::join(found.faults, "\n       "))};
  }
  if (!found.has_checksums)
    return PageFinding{true, "       page checksums: the database keeps none (florin doctor)\n"};
  if (database.dialect() == sql::Dialect::postgres) {
    return PageFinding{true, fmt::format("{:6} page checksums (kept by the server)\n", "ok")};
  }
  return PageFinding{true, fmt::format("{:6} page checksums ({} pages)\n", "ok", found.pages)};
}

void check_pages(sql::Database& database, DoctorReport& report) {
  constexpr auto what = "page checksums";
  const auto found = database.check_pages({});
  if (!found)
    return report.bad(what, found.error().detail, "See what the system logs of the disk.");
  if (!found->faults.empty()) {
    return report.bad(
        what, fmt::format("{}", fmt::join(found->faults, "; ")),
        "The disk has changed them: stop the server, and follow \"A damaged page\" in "
        "docs/runbook.md.");
  }
  if (database.dialect() == sql::Dialect::postgres) return;  // The rest is told by others.
  if (found->has_checksums)
    return report.good(what, fmt::format("all {} pages match", found->pages));
  report.doubtful(what, "the database keeps none: an earlier version made it",
                  "A backup of it has them: stop the server, florin backup, florin restore into a "
                  "new place.");
}

}  // namespace florin::app
