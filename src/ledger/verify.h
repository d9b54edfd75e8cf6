#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "platform/sql/proof.h"

namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::ledger {

using Check = sql::Check;
using Progress = sql::Progress;

struct Verification {
  std::vector<Check> checks;
  /// No fault was found; what could not be checked is counted beside it.
  bool clean() const;
  std::int64_t not_covered() const { return sum(&Check::not_covered); }
  std::int64_t other_key() const { return sum(&Check::other_key); }
  std::int64_t unkeyed() const { return sum(&Check::unkeyed); }
  std::int64_t accepted() const { return sum(&Check::accepted); }

 private:
  std::int64_t sum(std::int64_t Check::*count) const;
};

/// Proves the books from their own rows, over one snapshot: the hash chain link by link; every
/// account's history (links, sequence, running balance); balances recomputed from postings and open
/// holds; debits equal to credits per currency; holds against their captures; the chain of events,
/// and accounts and holds against their newest events; the seals of rows when the database has a
/// sealer. Memory grows with the number of accounts and holds, not of transfers. Errors: those of
/// the database; a fault in the books is no error. ledger_busy: a large bulk was still to be
/// written.
Result<Verification> verify(sql::Database& database, const Progress& progress);

/// Reads a snapshot of all tenants in which no large bulk is promised and still to be written;
/// waits some seconds for one. Errors: ledger_busy.
Result<void> read_settled(sql::Database& database,
                          const std::function<Result<void>(sql::Tx&)>& work);

}  // namespace florin::ledger
