#pragma once
#include "platform/sql/database.h"

namespace florin::sql {

/// Runs a unit of work; what it throws is logged and becomes internal_error.
Result<void> run_guarded(const Database::Work& work, Tx& tx);

}  // namespace florin::sql
