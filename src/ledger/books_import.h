#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Database;
}

namespace florin::ledger {
class LedgerQueries;
class LedgerService;

/// What an import came to.
struct ImportSummary {
  std::int64_t accounts = 0, transfers = 0, holds = 0;  ///< Made by this run.
  std::int64_t repeated = 0;                            ///< There from an earlier run.
  std::int64_t over = 0;                                ///< Holds whose time is over: left out.
  std::int64_t balances = 0;                            ///< Compared.
  std::vector<std::string> differences;                 ///< Balances that differ, a sentence each.
};

/// Takes the books of another system in, line by line, through the engine; docs/import.md has the
/// form. Of one thread.
class BooksImport {
 public:
  using Progress = std::function<void(std::string_view step, std::int64_t lines)>;

  BooksImport(sql::Database& database, const Clock& clock, LedgerService& service,
              LedgerQueries& queries)
      : database_(database), clock_(clock), service_(service), queries_(queries) {}

  /// Reads the whole stream to check it, then again to write. Transfers and holds that stand there
  /// under their external_id are not written again, so what was broken off goes on.
  /// Errors: import_line_refused with the number of the line; those of the database.
  Result<ImportSummary> run(std::istream& lines, TenantId tenant, const Progress& progress);

 private:
  sql::Database& database_;
  const Clock& clock_;
  LedgerService& service_;
  LedgerQueries& queries_;
};

}  // namespace florin::ledger
