#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace florin::sql {
class Database;

/// An empty database of its own for a test: SQLite at the path, or, for one in memory when
/// FLORIN_TEST_POSTGRES holds the URL of a PostgreSQL server, a new schema there. Schemas stay
/// behind: name a server that is thrown away. Errors: store errors.
Result<std::unique_ptr<Database>> open_test_database(const std::string& path = ":memory:");

/// Several on one new schema, as nodes have it; none where FLORIN_TEST_POSTGRES names no server.
Result<std::vector<std::unique_ptr<Database>>> open_test_nodes(int count);

}  // namespace florin::sql
