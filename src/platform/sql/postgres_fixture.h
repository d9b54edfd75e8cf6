#pragma once
#include <memory>
#include <string>

#include "platform/sql/sql_fixture.h"

namespace florin::sql {

/// The server of the tests: that of FLORIN_TEST_POSTGRES, or a private one that is started when it
/// is first asked for and ends with the test program. Empty where there is none.
const std::string& test_postgres_url();
/// Stops the private server as a crash would, and starts it again. False for one that is not ours.
bool restart_test_postgres();

/// A schema of its own on that server.
class PostgresTestStore final : public TestStore {
 public:
  PostgresTestStore();
  ~PostgresTestStore() override;
  Result<std::unique_ptr<Database>> open() override { return open_postgres(options); }

  PostgresOptions options;  ///< Change what the test is about before open().

 private:
  std::string schema_;
};

}  // namespace florin::sql
