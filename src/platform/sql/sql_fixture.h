#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::sql {

/// A place where one engine keeps its data: every open() finds what was committed before.
class TestStore {
 public:
  virtual ~TestStore() = default;
  virtual Result<std::unique_ptr<Database>> open() = 0;
};

class SqliteTestStore final : public TestStore {
 public:
  SqliteTestStore();
  Result<std::unique_ptr<Database>> open() override { return open_sqlite(options); }

 private:
  std::unique_ptr<TemporaryFolder> folder_;

 public:
  SqliteOptions options;  ///< Change what the test is about before open().
};

/// The table of these tests in the words of the engine.
Result<void> create_notes(Database& database);
Result<void> insert_note(Tx& tx, std::int64_t id, std::string_view body = "note");
/// -1 when the database does not answer; so that a comparison shows it.
std::int64_t count_notes(Database& database);

/// Keeps the writer busy with a unit of work until it is opened, so that a test decides what waits.
class Gate {
 public:
  explicit Gate(Database& database);
  ~Gate() { open(); }
  void open();

 private:
  std::promise<void> opened_;
  bool is_open_ = false;
};

/// Collects the answers to submitted units in the order of their submission.
class Answers {
 public:
  Database::Done next();
  /// Waits for all of them.
  std::vector<Result<void>> get();

 private:
  std::vector<std::shared_ptr<std::promise<Result<void>>>> promises_;
};

/// What the code of an outcome is called; "ok" for success.
std::string code_of(const Result<void>& outcome);

}  // namespace florin::sql
