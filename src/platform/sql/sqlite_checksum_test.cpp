// Pages of a SQLite file that a disk has changed.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "base/try.h"
#include "platform/sql/sql_fixture.h"
#include "platform/sql/sqlite_backup.h"

namespace florin::sql {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t page_bytes = 4'096;
constexpr int notes = 400;
constexpr Query body_query{"test.note_body", "SELECT body FROM notes WHERE id = $1"};

std::string body_of(std::int64_t id) {
  return fmt::format("{:0>500}", id) + (id % 40 == 0 ? std::string(9'000, 'o') : "");
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

Result<void> insert_notes(Tx& tx, int from, int to) {
  for (int id = from; id <= to; ++id) TRY(insert_note(tx, id, body_of(id)));
  return {};
}

/// The bytes of a closed database with `notes`, some of them on pages of overflow, some deleted.
std::string filled_file() {
  SqliteTestStore store;
  auto database = store.open().value();
  EXPECT_TRUE(create_notes(*database));
  EXPECT_TRUE(database->write([](Tx& tx) { return insert_notes(tx, 1, notes + 50); }));
  EXPECT_TRUE(database->write([](Tx& tx) {
    return tx.exec_script("DELETE FROM notes WHERE id > " + std::to_string(notes));
  }));
  database.reset();
  return read_file(store.options.path);
}

PageReport pages_of(Database& database) {
  auto report = database.check_pages({});
  EXPECT_TRUE(report) << (report ? "" : report.error().detail);
  return report ? *report : PageReport{};
}

std::string all_faults(Database& database) {
  std::string text;
  for (const std::string& fault : pages_of(database).faults) text += fault + "; ";
  return text;
}

/// The note as it was written, or the code of the refusal; "wrong" must not be.
std::string read_note(Database& database, std::int64_t id) {
  std::string body;
  const auto outcome = database.read([&](Tx& tx) {
    return tx.query(body_query, {id}, [&](const Row& row) {
      body = row.text(0);
      return true;
    });
  });
  if (!outcome) return std::string(outcome.error().code.name);
  return body == body_of(id) ? "right" : "wrong";
}

/// Whatever can be read is right; false: something was refused.
bool reads_all(Database& database) {
  bool is_all = true;
  for (int id = 1; id <= notes; ++id) {
    const std::string found = read_note(database, id);
    EXPECT_TRUE(found == "right" || found == "store_corrupt") << id << ": " << found;
    is_all = is_all && found == "right";
  }
  return is_all;
}

/// Where the note stands in its table: the index of bodies has it, too.
std::size_t place_of(const std::string& file, std::int64_t id) {
  constexpr char leaf_of_table = 13;
  std::size_t at = file.find(body_of(id));
  while (at != std::string::npos && file[at / page_bytes * page_bytes] != leaf_of_table)
    at = file.find(body_of(id), at + 1);
  EXPECT_NE(at, std::string::npos);
  return at;
}

std::size_t page_of(const std::string& file, std::int64_t id) {
  return place_of(file, id) / page_bytes + 1;
}

std::string named(std::size_t page) { return fmt::format("page {} of the database", page); }

TEST(PageChecksums, OfANewDatabaseAreAllWhole) {
  SqliteTestStore store;
  write_file(store.options.path, filled_file());
  const auto database = store.open().value();
  const PageReport report = pages_of(*database);
  EXPECT_TRUE(report.has_checksums);
  EXPECT_EQ(report.pages * static_cast<std::int64_t>(page_bytes),
            static_cast<std::int64_t>(fs::file_size(store.options.path)));
  EXPECT_TRUE(report.faults.empty()) << report.faults.front();
  EXPECT_TRUE(reads_all(*database));
}

TEST(PageChecksums, FindEachFlippedBitAndServeNothingWrong) {
  const std::string whole = filled_file();
  std::mt19937_64 random(20'261'128);
  for (int i = 0; i < 96; ++i) {
    const std::size_t bit = random() % (whole.size() * 8);
    SqliteTestStore store;
    write_file(store.options.path, flipped(whole, bit));
    const auto database = store.open();
    if (!database) {
      EXPECT_EQ(database.error().code.name, "store_corrupt") << bit;
      continue;
    }
    EXPECT_NE(all_faults(**database).find(named(bit / 8 / page_bytes + 1)), std::string::npos)
        << "bit " << bit;
    reads_all(**database);
  }
}

TEST(PageChecksums, FindEachFlippedBitOfTheHeader) {
  const std::string whole = filled_file();
  for (std::size_t bit = 0; bit < 100 * 8; ++bit) {
    SqliteTestStore store;
    store.options.read_only = true;
    write_file(store.options.path, flipped(whole, bit));
    const auto database = store.open();
    EXPECT_EQ(database ? "opened" : database.error().code.name, "store_corrupt") << bit;
  }
}

TEST(PageChecksums, FindAPageAtAnothersPlace) {
  std::string bytes = filled_file();
  const std::size_t from = page_of(bytes, 7), to = page_of(bytes, 300);
  bytes.replace((to - 1) * page_bytes, page_bytes, bytes, (from - 1) * page_bytes, page_bytes);
  SqliteTestStore store;
  write_file(store.options.path, bytes);
  const auto database = store.open().value();
  EXPECT_NE(all_faults(*database).find(named(to)), std::string::npos);
  EXPECT_EQ(read_note(*database, 300), "store_corrupt");
}

/// A database with one page damaged, on which this note stands.
class DamagedNote : public testing::Test {
 protected:
  static constexpr std::int64_t lost = 201, kept = 21;

  DamagedNote() {
    const std::string whole = filled_file();
    const std::size_t at = place_of(whole, lost);
    page = at / page_bytes + 1;
    write_file(store.options.path, flipped(whole, at * 8 + 3));
    database = store.open().value();
  }

  SqliteTestStore store;
  std::unique_ptr<Database> database;
  std::size_t page = 0;
};

TEST_F(DamagedNote, IsRefusedByNumberAndTheRestIsServed) {
  EXPECT_EQ(read_note(*database, kept), "right");
  EXPECT_TRUE(database->write_stats().damaged_pages.empty());
  const auto refused = database->read(
      [&](Tx& tx) { return tx.query(body_query, {lost}, [](const Row&) { return true; }); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code.name, "store_corrupt");
  EXPECT_EQ(
      refused.error().detail,
      fmt::format("test.note_body: page {} of the database does not match its checksum", page));
  EXPECT_EQ(read_note(*database, kept), "right");
  EXPECT_EQ(database->write_stats().damaged_pages,
            std::vector<std::uint32_t>{static_cast<std::uint32_t>(page)});
  EXPECT_TRUE(database->ping());
}

TEST_F(DamagedNote, NamesTheTableForTheOperator) {
  EXPECT_NE(all_faults(*database).find("not to be read through: notes"), std::string::npos)
      << all_faults(*database);
}

TEST_F(DamagedNote, IsNotCopiedIntoABackup) {
  const auto copied = copy_sqlite(store.options.path, store.options.path + ".copy", {});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code.name, "store_corrupt");
  EXPECT_NE(copied.error().detail.find(named(page)), std::string::npos) << copied.error().detail;
}

TEST_F(DamagedNote, DoesNotTakeOtherUnitsOfItsBatchAlong) {
  const auto change = [](std::int64_t id) {
    return [id](Tx& tx) {
      return tx.exec_script("UPDATE notes SET number = 1 WHERE id = " + std::to_string(id));
    };
  };
  Gate gate(*database);
  Answers answers;
  database->submit(change(kept), answers.next());
  database->submit(change(lost), answers.next());
  database->submit(change(kept + 1), answers.next());
  gate.open();
  std::vector<std::string> codes;
  for (const auto& outcome : answers.get()) codes.push_back(code_of(outcome));
  EXPECT_EQ(codes, (std::vector<std::string>{"ok", "store_corrupt", "ok"}));
}

/// The files of a server that was killed: committed pages stand in the log.
class KilledBeforeCheckpoint : public testing::Test {
 protected:
  KilledBeforeCheckpoint() {
    SqliteTestStore living;
    write_file(living.options.path, filled_file());
    auto database = living.open().value();
    EXPECT_TRUE(database->write(
        [](Tx& tx) { return tx.exec_script("UPDATE notes SET number = 5 WHERE id = 199"); }));
    for (const char* ending : {"", "-wal", "-head"})
      fs::copy_file(living.options.path + ending, store.options.path + ending);
  }
  SqliteTestStore store;
};

TEST_F(KilledBeforeCheckpoint, TornPageThatStandsInTheLogIsNoDamage) {
  std::string bytes = read_file(store.options.path);
  const std::size_t at = place_of(bytes, 199) / page_bytes * page_bytes;
  write_file(store.options.path, bytes.replace(at + 2'000, 2'096, 2'096, 't'));
  const auto database = store.open().value();
  EXPECT_EQ(all_faults(*database), "");
  EXPECT_TRUE(reads_all(*database));
}

TEST_F(KilledBeforeCheckpoint, PageOfTheLogThatIsDamagedLaterIsFound) {
  const auto database = store.open().value();
  EXPECT_EQ(all_faults(*database), "");
  const std::string log = store.options.path + "-wal";
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(32 + 24 + 700);
  file.put('?');
  file.close();
  EXPECT_NE(all_faults(*database).find("page 1 of the write-ahead log is damaged"),
            std::string::npos);
}

TEST(PageChecksums, AreWholeWhileOthersWrite) {
  SqliteTestStore store;
  store.options.wal_limit_mib = 1;
  auto writer = store.open().value();
  ASSERT_TRUE(create_notes(*writer));
  const auto looker = store.open().value();
  for (int i = 0; i < 30; ++i) {
    Answers answers;
    for (int k = 0; k < 20; ++k) {
      const int first = (i * 20 + k) * 10 + 1;
      writer->submit([=](Tx& tx) { return insert_notes(tx, first, first + 9); }, answers.next());
    }
    EXPECT_EQ(all_faults(*looker), "");
    for (const auto& outcome : answers.get()) EXPECT_EQ(code_of(outcome), "ok");
  }
  writer.reset();
  EXPECT_EQ(all_faults(*looker), "");
}

void run_as_another_program(const std::string& path, const std::string& sql) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(other, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(other);
  sqlite3_close(other);
}

TEST(PageChecksums, AreReadAroundByOtherProgramsAndMissedWhereTheyWrite) {
  SqliteTestStore store;
  write_file(store.options.path, filled_file());
  run_as_another_program(store.options.path, "SELECT sum(length(body)) FROM notes");
  EXPECT_EQ(all_faults(*store.open().value()), "");
  run_as_another_program(store.options.path, "UPDATE notes SET number = 1 WHERE id = 199");
  EXPECT_NE(all_faults(*store.open().value()).find("not match"), std::string::npos);
}

TEST(DatabaseWithoutChecksums, WorksSaysSoAndGetsThemInABackup) {
  SqliteTestStore old, copy;
  run_as_another_program(old.options.path, "PRAGMA journal_mode = WAL; CREATE TABLE first (id)");
  {
    auto database = old.open().value();
    ASSERT_TRUE(create_notes(*database));
    ASSERT_TRUE(database->write([](Tx& tx) { return insert_notes(tx, 1, notes); }));
    const PageReport report = pages_of(*database);
    EXPECT_FALSE(report.has_checksums);
    EXPECT_TRUE(report.faults.empty());
  }
  EXPECT_TRUE(reads_all(*old.open().value()));
  const auto copied = copy_sqlite(old.options.path, copy.options.path, {});
  ASSERT_TRUE(copied) << copied.error().detail;
  EXPECT_FALSE(fs::exists(copy.options.path + "-wal") &&
               fs::file_size(copy.options.path + "-wal") > 0);
  const auto database = copy.open().value();
  const PageReport report = pages_of(*database);
  EXPECT_TRUE(report.has_checksums);
  EXPECT_TRUE(report.faults.empty()) << report.faults.front();
  EXPECT_TRUE(reads_all(*database));
}

TEST(Backup, KeepsTheChecksums) {
  SqliteTestStore store, copy;
  write_file(store.options.path, filled_file());
  ASSERT_TRUE(copy_sqlite(store.options.path, copy.options.path, {}));
  const auto database = copy.open().value();
  const PageReport report = pages_of(*database);
  EXPECT_TRUE(report.has_checksums);
  EXPECT_TRUE(report.faults.empty()) << report.faults.front();
  EXPECT_TRUE(reads_all(*database));
}

}  // namespace
}  // namespace florin::sql
