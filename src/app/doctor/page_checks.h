#pragma once
#include <string>

#include "app/data/backup.h"
#include "app/doctor/doctor_report.h"
#include "base/result.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// Every page of the database compared with its checksum, for `florin verify`.
struct PageFinding {
  bool is_whole = true;
  std::string text;  ///< Lines as the other checks write them.
};
Result<PageFinding> check_pages(sql::Database& database, const BackupProgress& progress);

/// The same for `florin doctor`, which also says when nothing could be compared.
void check_pages(sql::Database& database, DoctorReport& report);

}  // namespace florin::app
