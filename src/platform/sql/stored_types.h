#pragma once
#include "base/result.h"
#include "platform/sql/proof.h"

namespace florin::sql {

class Tx;

/// Whether each cell holds what its column is declared to hold. SQLite takes text, bytes and
/// fractions into a column of integers, and gives a number for each of them when it is read: such a
/// cell can look right here and be left out by a comparison there. PostgreSQL has no such cells.
Result<Check> verify_stored_types(Tx& tx, const Progress& progress);

}  // namespace florin::sql
