#pragma once
#include <span>

#include "base/result.h"
#include "platform/sql/sealer.h"

namespace florin::app {

/// Every table with a column row_seal. The seal covers the other columns in their order.
Result<std::span<const sql::SealedTable>> sealed_tables();

}  // namespace florin::app
