#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

/// What somebody else changed of the schema, each in a sentence that names the object. On SQLite
/// the catalogue is compared with that of an empty database that the same migrations made: tables
/// and their columns, indexes, triggers. On PostgreSQL the names of tables, primary keys, indexes
/// and policies are compared with those in the migrations. Triggers and rules that are not florin's
/// are told, on SQLite unique indexes too; other indexes, and tables beside its own, do no harm.
/// The schema is up to date. Errors: those of the store.
Result<std::vector<std::string>> schema_faults(sql::Database& database);

}  // namespace florin::app
