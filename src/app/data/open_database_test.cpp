#include "app/data/open_database.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "access/access.h"
#include "app/core.h"
#include "app/secret_key.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/sealer.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;
using For = Opening::For;

class OpenDatabase : public testing::Test {
 protected:
  OpenDatabase() { config.data_dir = folder.path() + "/data"; }
  Result<std::unique_ptr<sql::Database>> open(const Opening& opening = {}) {
    return open_database(config, clock, opening);
  }
  Result<std::unique_ptr<sql::Database>> open(For purpose) {
    Opening opening;
    opening.purpose = purpose;
    return open(opening);
  }
  ErrorCode refusal(const Opening& opening) {
    const auto opened = open(opening);
    EXPECT_FALSE(opened) << "it was opened";
    return opened ? ErrorCode{} : opened.error().code;
  }
  ErrorCode refusal(For purpose) {
    Opening opening;
    opening.purpose = purpose;
    return refusal(opening);
  }
  std::string path(const std::string& ending = "") const {
    return config.data_dir + "/florin.db" + ending;
  }
  std::string key_path() const { return config.data_dir + "/secret.key"; }
  void put(const std::string& file, const std::string& text) const {
    fs::create_directories(config.data_dir);
    std::ofstream(file) << text;
  }
  /// A ledger with one tenant, sealed with the key of its folder, which is given.
  Secret make_ledger() {
    const auto made = open();
    EXPECT_TRUE(made) << made.error().detail;
    add_tenant(**made, "first");
    return *load_secret_key(config);
  }
  void add_tenant(sql::Database& database, std::string_view name) {
    Core core(database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core.recover());
    EXPECT_TRUE(core.get<access::Access>().create_tenant(name));
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config;
};

TEST_F(OpenDatabase, IsMadeWithItsFolderAndItsKey) {
  const auto made = open();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(fs::exists(path()));
  EXPECT_TRUE(fs::exists(key_path()));
  EXPECT_FALSE((*made)->sealer()->is_key_lost());
  EXPECT_TRUE(expect_database(config));
}

TEST_F(OpenDatabase, OthersThanTheOneThatMakesItAskForIt) {
  for (const For purpose : {For::reading, For::writing}) {
    EXPECT_EQ(refusal(purpose), errors::database_missing);
    EXPECT_FALSE(fs::exists(config.data_dir)) << "nothing is made by asking";
  }
  put(path(), "");
  EXPECT_EQ(refusal(For::writing), errors::database_missing);
  EXPECT_NE(expect_database(config).error().detail.find("the file is empty"), std::string::npos);
}

TEST_F(OpenDatabase, WhatIsThereIsOpenedForEachPurpose) {
  make_ledger();
  for (const For purpose : {For::reading, For::writing, For::making}) {
    const auto opened = open(purpose);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_FALSE((*opened)->sealer()->is_key_lost());
  }
}

TEST_F(OpenDatabase, ForReadingItIsNotChanged) {
  make_ledger();
  const auto opened = open(For::reading);
  ASSERT_TRUE(opened);
  const auto written = (*opened)->write([](sql::Tx&) -> Result<void> { return {}; });
  EXPECT_FALSE(written);
}

TEST_F(OpenDatabase, WhatAnEarlierOneHasLeftIsNotWrittenOver) {
  for (const char* ending : {"-wal", "-head"}) {
    put(path(ending), "of an earlier database");
    for (const For purpose : {For::reading, For::writing, For::making})
      EXPECT_EQ(refusal(purpose), errors::database_lost) << ending;
    EXPECT_FALSE(fs::exists(path())) << ending;
    const auto told = expect_database(config);
    EXPECT_NE(told.error().detail.find(path(ending)), std::string::npos) << told.error().detail;
    fs::remove(path(ending));
  }
  put(path("-wal"), "");
  EXPECT_TRUE(open()) << "an empty log tells of nothing";
}

TEST_F(OpenDatabase, AKeyWithoutItsDatabaseTellsOfOne) {
  put(key_path(), std::string("7b1d9f0c35e84a62d1f7406b9c8e25a3") + "\n");
  EXPECT_EQ(refusal(For::making), errors::database_lost);
  Opening with_rows;
  with_rows.brings_rows = true;
  EXPECT_TRUE(open(with_rows)) << "an import comes with the key";
}

TEST_F(OpenDatabase, AKeyMayBeOlderThanADatabaseElsewhere) {
  put(key_path(), "7b1d9f0c35e84a62d1f7406b9c8e25a3\n");
  config.database_url = "sqlite:" + folder.path() + "/elsewhere.db";
  const auto made = open();
  EXPECT_TRUE(made) << made.error().detail;
}

TEST_F(OpenDatabase, IsBegunAnewWhenAskedToAndKeepsWhatWasThere) {
  put(path("-wal"), "of an earlier database");
  put(path("-head"), "its head");
  Opening anew;
  anew.is_new = true;
  const auto made = open(anew);
  ASSERT_TRUE(made) << made.error().detail;
  std::size_t kept = 0;
  for (const auto& entry : fs::directory_iterator(config.data_dir))
    kept += entry.path().filename().string().find(".before-") != std::string::npos ? 1 : 0;
  EXPECT_EQ(kept, 2U);
}

TEST_F(OpenDatabase, ToBeginAnewReplacesNoDatabase) {
  make_ledger();
  Opening anew;
  anew.is_new = true;
  const auto opened = open(anew);
  ASSERT_TRUE(opened);
  Core core(**opened, clock, config, Secret("a key of the tests"));
  EXPECT_TRUE(core.get<access::Access>().find_tenant("first"));
}

TEST_F(OpenDatabase, AnOlderSchemaIsForWritersToBringUpToDate) {
  fs::create_directories(config.data_dir);
  {
    const auto bare = sql::open_sqlite({.path = path()});
    ASSERT_TRUE(bare);
    ASSERT_TRUE((*bare)->write(
        [](sql::Tx& tx) { return tx.exec_script("CREATE TABLE of_somebody (id INTEGER)"); }));
  }
  EXPECT_EQ(refusal(For::reading), errors::schema_outdated);
  EXPECT_TRUE(open(For::writing));
  EXPECT_TRUE(open(For::reading));
}

TEST_F(OpenDatabase, AFileOfAnotherKindIsRefused) {
  put(path(), std::string(8'192, 'x'));
  EXPECT_EQ(refusal(For::making).kind, ErrorKind::internal);
  std::ifstream in(path());
  EXPECT_EQ(in.get(), 'x') << "and stays as it is";
}

TEST_F(OpenDatabase, ALostKeyIsNotMadeAnewAndTheLossIsNoted) {
  const Secret key = make_ledger();
  fs::remove(key_path());
  const std::string name = crypto::SealKey(key).name();
  {
    const auto opened = open();
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_TRUE((*opened)->sealer()->is_key_lost());
    EXPECT_FALSE(fs::exists(key_path()));
    add_tenant(**opened, "second");
    EXPECT_EQ(*books_key(**opened), name) << "the books still belong to the lost one";
  }
  const auto read = open(For::reading);
  ASSERT_TRUE(read) << "it can be read without the key";
  EXPECT_TRUE((*read)->sealer()->is_key_lost());
  EXPECT_FALSE(fs::exists(key_path())) << "reading makes none";
}

TEST_F(OpenDatabase, ANewKeyIsMadeOnlyWhenAskedFor) {
  const Secret key = make_ledger();
  fs::remove(key_path());
  Opening with_new_key;
  with_new_key.new_secret_key = true;
  {
    const auto opened = open(with_new_key);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_FALSE((*opened)->sealer()->is_key_lost());
    EXPECT_NE(load_secret_key(config)->reveal(), key.reveal());
    EXPECT_EQ(*books_key(**opened), (*opened)->sealer()->key().name());
  }
  const auto again = open();
  ASSERT_TRUE(again);
  EXPECT_FALSE((*again)->sealer()->is_key_lost()) << "it is the key of the books from then on";
}

TEST_F(OpenDatabase, AnotherKeySealsNothingUntilItIsMeant) {
  make_ledger();
  config.encryption_key = Secret("another key, and not the one of the books: 8d1f0c");
  EXPECT_TRUE((*open())->sealer()->is_key_lost());
  Opening meant;
  meant.takes_key = true;
  EXPECT_FALSE((*open(meant))->sealer()->is_key_lost());
  EXPECT_TRUE((*open())->sealer()->is_key_lost()) << "for that command alone";
}

TEST_F(OpenDatabase, NothingIsReadOnlyBeforeItIsThere) {
  EXPECT_FALSE(is_read_only(config));
  make_ledger();
  EXPECT_FALSE(is_read_only(config));
  config.database_url = "sqlite::memory:";
  EXPECT_TRUE(expect_database(config)) << "a database in memory is always there";
  config.database_url = "postgres://nobody@127.0.0.1:1/none";
  EXPECT_FALSE(is_read_only(config)) << "a server says so itself";
  EXPECT_TRUE(expect_database(config));
}

TEST_F(OpenDatabase, AnUnknownEngineIsRefused) {
  config.database_url = "oracle:somewhere";
  EXPECT_EQ(refusal(For::making).kind, ErrorKind::invalid);
}

}  // namespace
}  // namespace florin::app
