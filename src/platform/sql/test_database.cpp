#include "platform/sql/test_database.h"

#include <fmt/core.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "base/try.h"
#include "platform/sql/database.h"

namespace florin::sql {
namespace {

/// Few connections: many test programs share a server.
PostgresOptions options_for(std::string url) {
  PostgresOptions options;
  options.url = std::move(url);
  options.readers = 4;
  return options;
}

std::string in_schema(const std::string& url, const std::string& schema) {
  const char separator = url.find('?') == std::string::npos ? '?' : '&';
  return fmt::format("{}{}options=-csearch_path%3D{}", url, separator, schema);
}

/// The URL of a schema that is made now.
Result<std::string> new_schema(const std::string& url) {
  static std::atomic<int> last = 0;
  const std::string schema = fmt::format("florin_test_{}_{}", getpid(), ++last);
  const auto server = TRY(open_postgres(options_for(url)));
  TRY(server->write([&](Tx& tx) { return tx.exec_script("CREATE SCHEMA " + schema); }));
  return in_schema(url, schema);
}

}  // namespace

Result<std::unique_ptr<Database>> open_test_database(const std::string& path) {
  const char* url = std::getenv("FLORIN_TEST_POSTGRES");
  if (!url || path != ":memory:") return open_sqlite({.path = path});

  return open_postgres(options_for(TRY(new_schema(url))));
}

Result<std::vector<std::unique_ptr<Database>>> open_test_nodes(int count) {
  std::vector<std::unique_ptr<Database>> nodes;
  const char* url = std::getenv("FLORIN_TEST_POSTGRES");
  if (!url) return nodes;
  const std::string schema_url = TRY(new_schema(url));
  for (int i = 0; i < count; ++i) {
    auto node = TRY(open_postgres(options_for(schema_url)));
    nodes.push_back(std::move(node));
  }
  return nodes;
}

}  // namespace florin::sql
