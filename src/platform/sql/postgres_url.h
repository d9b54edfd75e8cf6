#pragma once
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/sql/database.h"

namespace florin::sql {

bool is_postgres_url(std::string_view url);

/// Takes what is ours (pool_size, pool_timeout_ms, statement_timeout, lock_timeout, as parameters
/// behind the "?") out of the URL and leaves the rest to libpq.
/// Errors: validation_failed, naming the parameter.
Result<PostgresOptions> parse_postgres_url(std::string_view url);

/// The environment in which PostgreSQL's programs (pg_dump, psql) connect as we do and see the rows
/// of all tenants. Arguments would show the password to every user of the machine.
/// Errors: validation_failed, for a URL that libpq does not read or a password of a key, which no
/// environment can carry.
Result<std::map<std::string, std::string>> postgres_environment(std::string_view url);

}  // namespace florin::sql
