#pragma once
#include <string_view>

#include "base/error.h"

struct sqlite3;

namespace florin::sql {

/// Turns the failure a connection has just reported into an error of ours. `what` is the name of
/// the query or of the step that failed. Call it before the statement is reset.
Error sqlite_error(sqlite3* connection, int code, std::string_view what);

}  // namespace florin::sql
