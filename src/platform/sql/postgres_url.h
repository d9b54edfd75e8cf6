#pragma once
#include <string_view>

#include "base/result.h"
#include "platform/sql/database.h"

namespace florin::sql {

bool is_postgres_url(std::string_view url);

/// Takes what is ours (pool_size, pool_timeout_ms, statement_timeout, lock_timeout, as parameters
/// behind the "?") out of the URL and leaves the rest to libpq.
/// Errors: validation_failed, naming the parameter.
Result<PostgresOptions> parse_postgres_url(std::string_view url);

}  // namespace florin::sql
