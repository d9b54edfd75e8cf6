// What only SQLite can do to us: damaged files, locks of other processes, full disks, a growing
// log.
#include <signal.h>
#include <sqlite3.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/try.h"
#include "platform/sql/errors.h"
#include "platform/sql/sql_fixture.h"
#include "platform/sql/sqlite_checksum_vfs.h"

namespace florin::sql {
namespace {

namespace fs = std::filesystem;

std::string open_code(TestStore& store) {
  const auto database = store.open();
  return database ? "ok" : std::string(database.error().code.name);
}

std::string insert_code(Database& database, std::int64_t id, Undo undo = Undo::savepoint) {
  return code_of(database.write_work([=](Tx& tx) { return insert_note(tx, id); }, undo));
}

void overwrite(const std::string& path, std::streamoff offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

/// A file with some pages of notes, closed.
void fill(SqliteTestStore& store, int notes) {
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  ASSERT_TRUE(database->write([&](Tx& tx) -> Result<void> {
    const std::string text(500, 'x');
    for (int id = 1; id <= notes; ++id) TRY(insert_note(tx, id, text + std::to_string(id)));
    return {};
  }));
}

/// Another process, as far as SQLite is concerned.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    EXPECT_EQ(sqlite3_open_v2(path.c_str(), &connection_, SQLITE_OPEN_READWRITE, checksum_vfs()),
              SQLITE_OK);
  }
  ~OtherProcess() { sqlite3_close(connection_); }
  void run(const char* sql) {
    EXPECT_EQ(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  }

 private:
  sqlite3* connection_ = nullptr;
};

/// Files are opened by this thread as a stranger, where the tests run as root: permissions do not
/// bind root.
class AsStranger {
 public:
  AsStranger() : own_(static_cast<uid_t>(::setfsuid(65'534))) {}
  ~AsStranger() { ::setfsuid(own_); }

 private:
  const uid_t own_;
};

/// A disk that ends here: a write beyond the limit fails with EFBIG.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit small{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit before_{};
};

TEST(SqliteOpen, NewFileIsForItsOwnerOnly) {
  SqliteTestStore store;
  const auto database = store.open().value();
  struct stat info {};
  ASSERT_EQ(::stat(store.options.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(SqliteOpen, MissingFolderIsUnavailable) {
  SqliteTestStore store;
  store.options.path += ".missing/test.db";
  EXPECT_EQ(open_code(store), "store_unavailable");
}

TEST(SqliteOpen, FolderInPlaceOfTheFileIsUnavailable) {
  SqliteTestStore store;
  fs::create_directory(store.options.path);
  EXPECT_EQ(open_code(store), "store_unavailable");
}

TEST(SqliteOpen, GarbageIsCorrupt) {
  SqliteTestStore store;
  std::ofstream(store.options.path) << std::string(10'000, 'g');
  EXPECT_EQ(open_code(store), "store_corrupt");
}

TEST(SqliteOpen, FileShorterThanItsHeaderIsCorrupt) {
  SqliteTestStore store;
  fill(store, 10);
  fs::resize_file(store.options.path, 50);
  EXPECT_EQ(open_code(store), "store_corrupt");
}

TEST(SqliteOpen, TruncatedFileIsCorrupt) {
  SqliteTestStore store;
  fill(store, 100);
  fs::resize_file(store.options.path, fs::file_size(store.options.path) / 2);
  EXPECT_EQ(open_code(store), "store_corrupt");
}

TEST(SqliteOpen, FileWithoutPermissionToWriteIsUnavailable) {
  SqliteTestStore store;
  fill(store, 1);
  fs::permissions(store.options.path, fs::perms(0444));
  fs::permissions(fs::path(store.options.path).parent_path(), fs::perms(0755));
  const AsStranger stranger;
  EXPECT_EQ(open_code(store), "store_unavailable");
}

TEST(SqliteOpen, LockedFileIsUnavailable) {
  SqliteTestStore store;
  fill(store, 1);
  OtherProcess other(store.options.path);
  other.run("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
  store.options.busy_timeout_ms = 20;
  EXPECT_EQ(open_code(store), "store_unavailable");
}

TEST(SqliteOpen, UrlChoosesTheEngine) {
  SqliteTestStore store;
  EXPECT_TRUE(open("sqlite:" + store.options.path));
  EXPECT_TRUE(fs::exists(store.options.path));
  for (const char* url : {"", "sqlite:", "mysql://secret@host/db", "/just/a/path"}) {
    const auto database = open(url);
    ASSERT_FALSE(database) << url;
    EXPECT_EQ(database.error().code, florin::errors::validation_failed);
    EXPECT_EQ(database.error().detail.find("secret"), std::string::npos);
  }
}

TEST(SqliteMemory, EachDatabaseIsPrivateAndReadersSeeIt) {
  SqliteOptions options;
  options.path = ":memory:";
  auto one = open_sqlite(options).value();
  auto two = open_sqlite(options).value();
  ASSERT_TRUE(create_notes(*one));
  ASSERT_TRUE(create_notes(*two));
  EXPECT_EQ(insert_code(*one, 1), "ok");
  EXPECT_EQ(count_notes(*one), 1);
  EXPECT_EQ(count_notes(*two), 0);
}

TEST(SqliteReadOnly, ReadsBesideALiveWriterAndRefusesToWrite) {
  SqliteTestStore store;
  auto writer = store.open().value();
  ASSERT_TRUE(create_notes(*writer));
  store.options.read_only = true;
  auto reader = store.open().value();
  EXPECT_EQ(insert_code(*writer, 1), "ok");
  EXPECT_EQ(count_notes(*reader), 1);
  EXPECT_EQ(insert_code(*reader, 2), "store_unavailable");
  EXPECT_EQ(reader->write_stats().units, 0u);
}

TEST(SqliteReadOnly, ReadsAClosedFileAndCreatesNone) {
  SqliteTestStore store;
  store.options.read_only = true;
  EXPECT_EQ(open_code(store), "store_unavailable");
  EXPECT_FALSE(fs::exists(store.options.path));
  store.options.read_only = false;
  fill(store, 3);
  store.options.read_only = true;
  EXPECT_EQ(count_notes(*store.open().value()), 3);
}

TEST(SqliteLocks, LockOfAnotherProcessIsUnavailableAndThenGoesAway) {
  SqliteTestStore store;
  store.options.busy_timeout_ms = 20;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  OtherProcess other(store.options.path);
  other.run("BEGIN IMMEDIATE");
  EXPECT_EQ(insert_code(*database, 1), "store_unavailable");
  EXPECT_EQ(insert_code(*database, 1, Undo::batch), "store_unavailable");
  EXPECT_EQ(count_notes(*database), 0);
  other.run("COMMIT");
  EXPECT_EQ(insert_code(*database, 1), "ok");
}

TEST(SqliteLocks, TwoProgramsWriteOneFileTurnByTurn) {
  SqliteTestStore store;
  auto server = store.open().value();
  auto command_line = store.open().value();
  ASSERT_TRUE(create_notes(*server));
  std::atomic<int> failed = 0;
  const auto write = [&](Database& database, int first) {
    for (int id = first; id < first + 100; ++id) {
      if (insert_code(database, id) != "ok") ++failed;
    }
  };
  std::thread beside([&] { write(*command_line, 1'000); });
  write(*server, 1);
  beside.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(count_notes(*server), 200);
}

TEST(SqliteReaders, PingDoesNotWaitForBusyReaders) {
  SqliteTestStore store;
  store.options.readers = 1;
  auto database = store.open().value();
  const auto outcome = database->read([&](Tx&) { return database->ping(); });
  EXPECT_EQ(code_of(outcome), "ok");
}

TEST(SqliteDamage, DamagedPageIsCorruptAndFoundByTheCheck) {
  SqliteTestStore store;
  fill(store, 200);
  const auto middle = static_cast<std::streamoff>(fs::file_size(store.options.path) / 2);
  overwrite(store.options.path, middle / 4'096 * 4'096, std::string(8 * 4'096, 'd'));

  auto database = store.open().value();
  static constexpr Query all{"test.all", "SELECT sum(length(body)) FROM notes"};
  const auto read = [&](Tx& tx) { return tx.query(all, {}, [](const Row&) { return true; }); };
  EXPECT_EQ(code_of(database->read(read)), "store_corrupt");
  EXPECT_EQ(code_of(database->write(read)), "store_corrupt");
  const auto faults = database->check_integrity();
  EXPECT_TRUE(!faults || !faults->empty());
  EXPECT_EQ(code_of(database->ping()), "ok");
}

TEST(SqliteDamage, CheckFindsRowsThatReferToNothing) {
  SqliteTestStore store;
  fill(store, 1);
  OtherProcess(store.options.path).run("INSERT INTO replies (id, note_id) VALUES (1, 77)");
  const auto faults = store.open().value()->check_integrity();
  ASSERT_TRUE(faults);
  EXPECT_EQ(*faults, std::vector<std::string>{"row 1 of replies refers to nothing in notes"});
}

TEST(SqliteStatements, OtherPlaceholdersThanNumbersAreRefused) {
  static constexpr Query question{"test.question", "SELECT ?"};
  static constexpr Query named{"test.named", "SELECT $name"};
  SqliteTestStore store;
  auto database = store.open().value();
  for (const Query* query : {&question, &named}) {
    const auto outcome = database->write([&](Tx& tx) { return tx.exec(*query, {1}); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, florin::errors::internal_error);
  }
}

TEST(SqliteStatements, QueryThatTookTheAddressOfAnotherIsNotMistakenForIt) {
  SqliteTestStore store;
  auto database = store.open().value();
  std::vector<std::int64_t> values;
  const auto outcome = database->write([&](Tx& tx) -> Result<void> {
    for (const std::string sql : {"SELECT 1", "SELECT 2"}) {
      Query query{"test.temporary", sql};  // The same place on the stack each time round.
      TRY(tx.query(query, {}, [&](const Row& row) {
        values.push_back(row.integer(0));
        return true;
      }));
    }
    return {};
  });
  ASSERT_EQ(code_of(outcome), "ok");
  EXPECT_EQ(values, (std::vector<std::int64_t>{1, 2}));
}

TEST(SqliteTransaction, UnitThatEndsItsTransactionCannotWriteOutsideOfIt) {
  SqliteTestStore store;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  const auto outcome = database->write([](Tx& tx) -> Result<void> {
    TRY(tx.exec_script("ROLLBACK"));
    const auto late = insert_note(tx, 1);
    EXPECT_EQ(code_of(late), "internal_error");
    return {};
  });
  EXPECT_EQ(code_of(outcome), "internal_error");
  EXPECT_EQ(count_notes(*database), 0);
  EXPECT_EQ(insert_code(*database, 1), "ok");
}

/// Keeps `in_flight` units of work going, each with a kilobyte, until `enough` says so.
template <class Enough>
void write_until(Database& database, std::int64_t first_id, Enough enough) {
  constexpr int in_flight = 16;
  std::atomic<std::int64_t> next_id = first_id;
  std::atomic<int> running = in_flight;
  std::atomic<bool> is_enough = false;
  std::promise<void> over;
  std::function<void()> submit = [&] {
    const std::int64_t id = next_id++;
    auto work = [id](Tx& tx) {
      return insert_note(tx, id, std::to_string(id) + std::string(1'000, 'y'));
    };
    database.submit(work, [&](const Result<void>& outcome) {
      EXPECT_EQ(code_of(outcome), "ok");
      if (outcome && !is_enough) return submit();
      if (--running == 0) over.set_value();
    });
  };
  for (int i = 0; i < in_flight; ++i) submit();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!enough() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_TRUE(enough());
  is_enough = true;
  over.get_future().wait();
}

TEST(SqliteCheckpoints, LogStartsOverWhileWritesNeverPause) {
  SqliteTestStore store;
  store.options.wal_limit_mib = 1;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  write_until(*database, 1, [&] { return database->write_stats().wal_restarts >= 3; });
  EXPECT_GT(database->write_stats().wal_bytes, 0u);
  EXPECT_EQ(database->write_stats().failed_checkpoints, 0u);
}

TEST(SqliteCheckpoints, LongReadLetsTheLogGrowAndKeepsItsSnapshot) {
  static constexpr Query count{"test.count", "SELECT count(*) FROM notes"};
  constexpr std::uint64_t grown = 4 * 1'024 * 1'024;
  SqliteTestStore store;
  store.options.wal_limit_mib = 1;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  const auto outcome = database->read([&](Tx& tx) -> Result<void> {
    std::vector<std::int64_t> seen;
    const auto keep = [&](const Row& row) {
      seen.push_back(row.integer(0));
      return true;
    };
    TRY(tx.query(count, {}, keep));
    write_until(*database, 1, [&] { return database->write_stats().wal_bytes > grown; });
    TRY(tx.query(count, {}, keep));
    EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 0}));
    return {};
  });
  EXPECT_EQ(code_of(outcome), "ok");
  const std::uint64_t before = database->write_stats().wal_restarts;
  write_until(*database, 1'000'000, [&] { return database->write_stats().wal_restarts > before; });
}

/// Inserts until the disk is full for good: the log is full and the database file cannot grow, so
/// that starting the log over does not help either. Returns the number of acknowledged rows.
std::int64_t fill_disk(Database& database, Undo undo) {
  const std::string text(2'000, 'z');
  std::int64_t acknowledged = 0, last_acknowledged = 0;
  for (std::int64_t id = 1; id < 100'000; ++id) {
    const auto outcome = database.write_work(
        [&](Tx& tx) { return insert_note(tx, id, std::to_string(id) + text); }, undo);
    if (outcome) {
      ++acknowledged;
      last_acknowledged = id;
      continue;
    }
    EXPECT_EQ(code_of(outcome), "store_full") << outcome.error().detail;
    const bool is_stuck = database.write_stats().failed_checkpoints > 0;
    if (is_stuck && id > last_acknowledged + 20) return acknowledged;
  }
  ADD_FAILURE() << "the disk never became full";
  return acknowledged;
}

class SqliteFullDisk : public testing::TestWithParam<Undo> {};

TEST_P(SqliteFullDisk, RefusesWritesServesReadsAndRecovers) {
  SqliteTestStore store;
  store.options.wal_limit_mib = 1;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));

  auto disk = std::make_unique<SmallDisk>(3 * 1'024 * 1'024);
  const std::int64_t acknowledged = fill_disk(*database, GetParam());
  EXPECT_GT(acknowledged, 100);
  EXPECT_EQ(count_notes(*database), acknowledged);
  EXPECT_EQ(code_of(database->ping()), "ok");

  disk.reset();
  const std::uint64_t restarts = database->write_stats().wal_restarts;
  EXPECT_EQ(insert_code(*database, 500'000, GetParam()), "ok");
  write_until(*database, 1'000'000,
              [&] { return database->write_stats().wal_restarts > restarts; });
  const std::int64_t written = count_notes(*database);
  EXPECT_GT(written, acknowledged);
  database = store.open().value();
  EXPECT_EQ(count_notes(*database), written);
  EXPECT_TRUE(database->check_integrity().value().empty());
}

INSTANTIATE_TEST_SUITE_P(EitherUndo, SqliteFullDisk, testing::Values(Undo::savepoint, Undo::batch),
                         [](const auto& undo) {
                           return undo.param == Undo::savepoint ? "Savepoint" : "Batch";
                         });

}  // namespace
}  // namespace florin::sql
