#pragma once
#include <functional>
#include <iosfwd>
#include <string>

#include "base/result.h"

namespace florin::sql {
class Database;
}

namespace florin::app {

using RowProgress = std::function<void(std::string_view table, std::int64_t rows)>;

/// Writes every row of every module as JSON Lines from one snapshot: a head with the format and the
/// schema, one line for each row, a foot with the number of rows and the SHA-256 of all lines
/// before it. Holds the hashes of API keys, never a key. Errors: export_failed (the output cannot
/// be written), store errors.
Result<std::int64_t> export_all(sql::Database& database, std::ostream& out,
                                const RowProgress& progress);

/// Reads what export_all wrote into an empty database with the same schema, all or nothing; the
/// foot must fit. Run verify afterwards. Errors: import_refused (the database is not empty, the
/// schema differs, a line is damaged or the foot does not fit), store errors.
Result<std::int64_t> import_all(sql::Database& database, std::istream& in,
                                const RowProgress& progress);

namespace errors {
/// The export could not be completed.
inline constexpr ErrorCode export_failed{ErrorKind::unavailable, "export_failed"};
/// The file is not a complete export of this schema, or the database is not empty. Nothing was
/// written.
inline constexpr ErrorCode import_refused{ErrorKind::invalid, "import_refused"};
}  // namespace errors

}  // namespace florin::app
