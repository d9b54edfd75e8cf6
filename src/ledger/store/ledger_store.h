#pragma once
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"
#include "ledger/engine/changes.h"

namespace florin::sql {
struct Query;
class Tx;
}  // namespace florin::sql

/// Rows of all tables of the ledger.
namespace florin::ledger::store {

Result<void> save(sql::Tx& tx, const engine::Changes& changes);

/// The queries behind lists and statements: each finds its rows by an index, in the order wanted.
std::vector<const sql::Query*> list_queries();

/// The greatest id in any of the ledger's tables, and the newest created_at.
struct Newest {
  std::int64_t id = 0;
  Timestamp created_at;
};
Result<Newest> find_newest(sql::Tx& tx);

}  // namespace florin::ledger::store
