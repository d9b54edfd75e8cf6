#pragma once
#include <string_view>

#include "base/error.h"

struct pg_conn;
struct pg_result;

namespace florin::sql {

/// The error of a statement that failed; `what` is the query's name. Values are never in it.
Error postgres_error(const pg_conn* connection, const pg_result* result, std::string_view what);

/// Whether the connection is over after this: the server stops, nothing was heard of it, or its
/// session is not ours any more.
bool ends_connection(const pg_result* result);

/// Why a connection could not be made, with the setting to change. The password is never in it.
Error postgres_connect_error(std::string_view message);

}  // namespace florin::sql
