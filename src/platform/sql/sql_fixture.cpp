#include "platform/sql/sql_fixture.h"

#include <utility>

#include "base/try.h"

namespace florin::sql {
namespace {
constexpr Query insert_query{"test.insert_note", "INSERT INTO notes (id, body) VALUES ($1, $2)"};
constexpr Query count_query{"test.count_notes", "SELECT count(*) FROM notes"};
}  // namespace

SqliteTestStore::SqliteTestStore() {
  TemporaryFolder made = TemporaryFolder::make().value();
  folder_ = std::make_unique<TemporaryFolder>(std::move(made));
  options.path = folder_->path() + "/test.db";
}

Result<void> create_notes(Database& database) {
  const std::string bytes = database.dialect() == Dialect::sqlite ? "BLOB" : "BYTEA";
  return database.write([&](Tx& tx) {
    return tx.exec_script(
        "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, body TEXT NOT NULL UNIQUE CHECK (body "
        "<> 'forbidden'), number BIGINT, bytes " +
        bytes +
        ");"
        "CREATE TABLE replies (id BIGINT NOT NULL PRIMARY KEY,"
        "  note_id BIGINT NOT NULL REFERENCES notes (id));");
  });
}

Result<void> insert_note(Tx& tx, std::int64_t id, std::string_view body) {
  const std::string own = body == "note" ? "note " + std::to_string(id) : std::string(body);
  TRY(tx.exec(insert_query, {id, own}));
  return {};
}

std::int64_t count_notes(Database& database) {
  std::int64_t count = -1;
  const auto outcome = database.read([&](Tx& tx) {
    return tx.query(count_query, {}, [&](const Row& row) {
      count = row.integer(0);
      return true;
    });
  });
  return outcome ? count : -1;
}

Gate::Gate(Database& database) {
  auto reached = std::make_shared<std::promise<void>>();
  auto is_reached = reached->get_future();
  std::shared_future<void> opened = opened_.get_future();
  database.submit(
      [reached, opened](Tx&) -> Result<void> {
        reached->set_value();
        opened.wait();
        return {};
      },
      [](const Result<void>&) {}, Undo::savepoint);
  is_reached.wait();
}

void Gate::open() {
  if (!std::exchange(is_open_, true)) opened_.set_value();
}

Database::Done Answers::next() {
  auto promise = std::make_shared<std::promise<Result<void>>>();
  promises_.push_back(promise);
  return [promise](const Result<void>& outcome) { promise->set_value(outcome); };
}

std::vector<Result<void>> Answers::get() {
  std::vector<Result<void>> outcomes;
  for (const auto& promise : promises_) outcomes.push_back(promise->get_future().get());
  return outcomes;
}

std::string code_of(const Result<void>& outcome) {
  return outcome ? "ok" : std::string(outcome.error().code.name);
}

}  // namespace florin::sql
