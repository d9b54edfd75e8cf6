#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/sql/sql_fixture.h"

namespace florin::sql {

struct Engine {
  std::string name;
  std::function<std::unique_ptr<TestStore>()> make;
};
/// Those that this machine has are tested, the others skipped.
std::vector<Engine> all_engines();

/// A database of each engine with the table of notes.
class EngineTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;
  void reopen();

  std::unique_ptr<TestStore> store_;
  std::unique_ptr<Database> database_;
};

Database::Work inserting(std::int64_t id);
/// Writes first, so that there is something to undo.
Database::Work inserting_then_failing(std::int64_t id);

using Codes = std::vector<std::string>;
Codes codes_of(Answers& answers);

}  // namespace florin::sql
