#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::ledger {

/// One thing that was checked, over how many rows, and what was found wrong (at most 100 sentences
/// kept).
struct Check {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t faults = 0;
  std::vector<std::string> examples;
};

struct Verification {
  std::vector<Check> checks;
  bool clean() const;
};

/// Called now and then with the name of the running check and the rows done so far.
using Progress = std::function<void(std::string_view check, std::int64_t rows)>;

/// Proves the books from their own rows, over one snapshot: the hash chain link by link; every
/// account's history (links, sequence, running balance); balances recomputed from postings and open
/// holds; debits equal to credits per currency; holds against their captures. Reads all rows once;
/// memory grows with the number of accounts, not of transfers. Errors: those of the database; a
/// fault in the books is no error. ledger_busy: a large bulk was still to be written.
Result<Verification> verify(sql::Database& database, const Progress& progress);

/// Reads a snapshot of all tenants in which no large bulk is promised and still to be written;
/// waits some seconds for one. Errors: ledger_busy.
Result<void> read_settled(sql::Database& database,
                          const std::function<Result<void>(sql::Tx&)>& work);

}  // namespace florin::ledger
