#pragma once
#include <vector>

#include "base/result.h"
#include "platform/sql/catalogue.h"

namespace florin::app {

/// The tables that the migrations of this program make, in their order: those that others refer to
/// come first. Made once, by running the migrations in memory. Errors: those of a database.
Result<const std::vector<sql::CatalogueTable>*> schema();

}  // namespace florin::app
