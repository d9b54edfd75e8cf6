#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/sql/database.h"

namespace florin::sql {

/// The text of a migration in the words of one engine. One file serves both; where they differ it
/// holds marks in braces:
/// - {ID}: INTEGER on SQLite, BIGINT on PostgreSQL. A key that is one number.
/// - {BYTES}: BLOB or BYTEA.
/// - {SQLITE: words}, {POSTGRES: words}: words for one engine alone.
/// - {TENANT table BY column}: nothing on SQLite, row-level security on PostgreSQL. A row belongs
///   to the tenant in the column. Stands on a line of its own behind the table; see docs/adr/0014.
/// - {TENANT table BY column OR NULL}: the same, and rows without a tenant are everybody's.
/// - {TENANT table BY column OF parent}: to the tenant of the row in parent whose id is in the
///   column.
///
/// Comments and quoted text hold no marks. What a mark means never changes once it was released:
/// the checksum that is recorded is of the text as written. Errors: internal_error, for a mark that
/// is none of these.
Result<std::string> migration_text(std::string_view written, Dialect dialect);

}  // namespace florin::sql
