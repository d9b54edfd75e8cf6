// Files that are taken away from a running database, and write-ahead logs that lost commits.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "platform/sql/sql_fixture.h"

namespace florin::sql {
namespace {

namespace fs = std::filesystem;

constexpr int notes = 20;
constexpr std::streamoff log_header_bytes = 32;
constexpr std::streamoff log_page_bytes = 4'096 + 24;

std::string code_of_open(SqliteTestStore& store) {
  const auto database = store.open();
  return database ? "ok" : std::string(database.error().code.name);
}

std::string insert_code(Database& database, std::int64_t id) {
  return code_of(database.write_work([=](Tx& tx) { return insert_note(tx, id); }));
}

void flip_bit(const std::string& path, std::streamoff offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const char byte = static_cast<char>(file.get());
  file.seekp(offset);
  file.put(static_cast<char>(byte ^ 0x10));
}

/// The files as a killed server left them, with `notes` commits of one note each in the log.
class KilledStore {
 public:
  KilledStore() {
    SqliteTestStore living;
    auto database = living.open().value();
    EXPECT_TRUE(create_notes(*database));
    for (int id = 1; id <= notes; ++id) EXPECT_EQ(insert_code(*database, id), "ok");
    for (const char* ending : {"", "-wal", "-head"})
      fs::copy_file(living.options.path + ending, store.options.path + ending);
  }
  std::string log() const { return store.options.path + "-wal"; }
  std::string head() const { return store.options.path + "-head"; }
  std::string open_code() { return code_of_open(store); }
  std::int64_t count() { return count_notes(*store.open().value()); }

  SqliteTestStore store;
};

class TakenFile : public testing::TestWithParam<const char*> {
 protected:
  TakenFile() : database_(store_.open().value()), path_(store_.options.path + GetParam()) {
    EXPECT_TRUE(create_notes(*database_));
    EXPECT_EQ(insert_code(*database_, 1), "ok");
  }
  void expect_refusal() {
    EXPECT_EQ(insert_code(*database_, 2), "store_unavailable");
    EXPECT_EQ(code_of(database_->ping()), "store_unavailable");
    EXPECT_EQ(code_of(database_->read_work([](Tx&) { return Result<void>(); })),
              "store_unavailable");
  }

  SqliteTestStore store_;
  std::unique_ptr<Database> database_;
  const std::string path_;
};
INSTANTIATE_TEST_SUITE_P(Files, TakenFile, testing::Values("", "-wal", "-shm"));

TEST_P(TakenFile, RemovedMeansThatNothingIsAcknowledged) {
  fs::remove(path_);
  expect_refusal();
}

TEST_P(TakenFile, ReplacedMeansThatNothingIsAcknowledged) {
  fs::copy_file(path_, path_ + ".copy");
  fs::rename(path_ + ".copy", path_);
  expect_refusal();
}

TEST_P(TakenFile, RenamedMeansThatNothingIsAcknowledgedUntilItIsBack) {
  fs::rename(path_, path_ + ".away");
  expect_refusal();
  fs::rename(path_ + ".away", path_);
  EXPECT_EQ(insert_code(*database_, 3), "ok");
  EXPECT_EQ(count_notes(*database_), 2);
}

TEST(TakenLog, IsCopiedIntoTheFileWhenTheDatabaseIsClosed) {
  SqliteTestStore store;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  ASSERT_EQ(insert_code(*database, 1), "ok");
  fs::remove(store.options.path + "-wal");
  EXPECT_EQ(insert_code(*database, 2), "store_unavailable");
  database.reset();
  EXPECT_EQ(count_notes(*store.open().value()), 1);
}

TEST(TakenDatabase, IsNotMistakenForTheOneThatTookItsPlace) {
  SqliteTestStore store;
  auto database = store.open().value();
  ASSERT_TRUE(create_notes(*database));
  const std::string other = store.options.path + "-wal";
  fs::rename(other, other + ".away");
  std::ofstream(other) << "another database's log";
  database.reset();
  EXPECT_TRUE(fs::exists(other));
}

TEST(KilledLog, HoldsWhatWasCommitted) {
  KilledStore killed;
  EXPECT_EQ(killed.count(), notes);
}

TEST(KilledLog, DamageIsToldFromATornEnd) {
  const auto size = static_cast<std::streamoff>(fs::file_size(KilledStore().log()));
  for (const std::streamoff offset :
       {std::streamoff{0}, std::streamoff{9}, std::streamoff{17}, std::streamoff{30},
        log_header_bytes + 1, log_header_bytes + 5, log_header_bytes + 9, log_header_bytes + 20,
        log_header_bytes + 3'000, size / 2, size - log_page_bytes + 5, size - 100}) {
    KilledStore killed;
    flip_bit(killed.log(), offset);
    EXPECT_EQ(killed.open_code(), "wal_damaged") << offset;
    EXPECT_EQ(killed.open_code(), "wal_damaged") << "again at " << offset;
    killed.store.options.read_only = true;
    EXPECT_EQ(killed.open_code(), "wal_damaged") << "for reading, at " << offset;
  }
}

TEST(KilledLog, ThatIsCutOffOrRemovedIsDamaged) {
  for (const std::uintmax_t length : {std::uintmax_t{0}, std::uintmax_t{10}, std::uintmax_t{32},
                                      std::uintmax_t{log_header_bytes + 3 * log_page_bytes},
                                      fs::file_size(KilledStore().log()) - 1}) {
    KilledStore killed;
    fs::resize_file(killed.log(), length);
    EXPECT_EQ(killed.open_code(), "wal_damaged") << length;
  }
  KilledStore killed;
  fs::remove(killed.log());
  EXPECT_EQ(killed.open_code(), "wal_damaged");
}

TEST(KilledLog, ThatIsDamagedIsTakenOnPurposeAndKept) {
  KilledStore killed;
  flip_bit(killed.log(), log_header_bytes + 8 * log_page_bytes + 100);
  killed.store.options.accept_wal_loss = true;
  EXPECT_LT(killed.count(), notes);
  killed.store.options.accept_wal_loss = false;
  EXPECT_LT(killed.count(), notes);
  int kept = 0;
  for (const auto& file : fs::directory_iterator(fs::path(killed.log()).parent_path()))
    kept += file.path().filename().string().find("-wal.damaged-") != std::string::npos ? 1 : 0;
  EXPECT_EQ(kept, 1);
}

TEST(KilledLog, MayHaveATornEnd) {
  KilledStore killed;
  std::ofstream(killed.log(), std::ios::app | std::ios::binary) << std::string(7'000, 'x');
  EXPECT_EQ(killed.count(), notes);
}

TEST(KilledLog, WithoutAHeadIsDamagedWhereTransactionsFollow) {
  KilledStore killed;
  fs::remove(killed.head());
  flip_bit(killed.log(), log_header_bytes + 4 * log_page_bytes + 200);
  EXPECT_EQ(killed.open_code(), "wal_damaged");
}

TEST(KilledLog, WithoutAHeadMayEndInATornTransaction) {
  KilledStore killed;
  fs::remove(killed.head());
  flip_bit(killed.log(), static_cast<std::streamoff>(fs::file_size(killed.log())) - 100);
  EXPECT_EQ(killed.count(), notes - 1);
}

TEST(KilledLog, HeadThatSaysNothingAsksForNothing) {
  KilledStore killed;
  fs::resize_file(killed.head(), 0);
  EXPECT_EQ(killed.count(), notes);
}

TEST(ClosedLog, IsGoneAndNotMissed) {
  KilledStore killed;
  EXPECT_EQ(killed.count(), notes);
  EXPECT_FALSE(fs::exists(killed.log()));
  EXPECT_EQ(killed.count(), notes);
}

TEST(ClosedLog, IsNotMissedWhenItHadJustStartedOver) {
  SqliteTestStore store;
  store.options.wal_limit_mib = 1;
  {
    auto database = store.open().value();
    ASSERT_TRUE(create_notes(*database));
    const std::string text(500, 'x');
    for (int id = 1; database->write_stats().wal_restarts == 0; ++id) {
      const std::string body = text + std::to_string(id);
      ASSERT_TRUE(database->write([&](Tx& tx) { return insert_note(tx, id, body); }));
    }
  }
  EXPECT_EQ(code_of_open(store), "ok");
}

TEST(OpenLog, IsLookedAtByTheFirstProcessAlone) {
  SqliteTestStore store;
  auto first = store.open().value();
  ASSERT_TRUE(create_notes(*first));
  auto second = store.open().value();
  EXPECT_EQ(insert_code(*first, 1), "ok");
  EXPECT_EQ(insert_code(*second, 2), "ok");
  first.reset();
  EXPECT_EQ(insert_code(*second, 3), "ok");
  second.reset();
  EXPECT_EQ(count_notes(*store.open().value()), 3);
}

}  // namespace
}  // namespace florin::sql
