#pragma once
#include <span>

#include "platform/sql/sealer.h"

namespace florin::app {

/// Every table whose rows carry a seal. A column is covered by its name here;
/// tests/e2e/proof_catalogue.test.mjs goes over the schema and wants a reason for each column that
/// nothing covers.
std::span<const sql::SealedTable> sealed_tables();

}  // namespace florin::app
