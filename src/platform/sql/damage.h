#pragma once
#include <string>

#include "base/result.h"

namespace florin::sql {
class Database;

/// For tests: runs SQL that writes what no CHECK of a table lets through, as damage or a foreign
/// hand may.
Result<void> damage(Database& database, const std::string& sql);

}  // namespace florin::sql
