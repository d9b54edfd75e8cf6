#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/timestamp.h"

namespace florin::sql {
class Database;

/// One step of a module's schema: embedded, append-only. `name` is the file's stem ("0002_holds";
/// of files for one engine alone "0002_holds.sqlite" or "0002_holds.postgres"), `sql` its text as
/// written, with the marks of migration_text.h.
struct Migration {
  std::string_view module;
  std::string_view name;
  std::string_view sql;
};

struct MigrationState {
  std::string module, name, checksum;
  bool applied = false;
  Timestamp applied_at;
};

/// Brings the schema up to date: each step and its record (name, SHA-256 of the text as written) in
/// one transaction, steps of one module in order of name, modules in the order given. Returns the
/// names applied. Errors: schema_mismatch when the database holds a step that this binary does not
/// know, or one whose checksum differs; store errors. Nothing of a failed step stays.
Result<std::vector<std::string>> migrate(Database& database, std::span<const Migration> migrations,
                                         Timestamp now);

/// What is applied and what is waiting, and schema_mismatch as above. Writes nothing.
Result<std::vector<MigrationState>> migration_states(Database& database,
                                                     std::span<const Migration> migrations);

}  // namespace florin::sql
