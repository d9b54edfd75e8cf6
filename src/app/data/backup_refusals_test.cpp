#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "access/access.h"
#include "app/core.h"
#include "app/data/backup.h"
#include "app/data/open_database.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

/// A backup with the secret key in it, to be put back somewhere else.
class BackupRefusals : public testing::Test {
 protected:
  BackupRefusals() {
    config.data_dir = folder.path() + "/data";
    options.folder = folder.path() + "/backup";
    options.with_secret_key = true;
    fresh.data_dir = folder.path() + "/fresh";
    database = std::move(*open_database(config, clock));
    Core core(*database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core.get<access::Access>().create_tenant("first"));
  }
  void make() {
    const auto made = back_up(config, clock, options, {});
    ASSERT_TRUE(made) << made.error().detail;
  }
  /// Why it is not restored; nothing is touched then.
  std::string refusal() {
    const auto restored = restore(fresh, options, {});
    if (restored) return "restored";
    EXPECT_EQ(restored.error().code, errors::restore_refused) << restored.error().detail;
    EXPECT_FALSE(fs::exists(fresh.data_dir + "/florin.db.restoring"));
    return restored.error().detail;
  }
  std::string backup_failure() {
    const auto made = back_up(config, clock, options, {});
    if (made) return "made";
    EXPECT_FALSE(fs::exists(options.folder + ".partial")) << "what was begun is removed";
    return made.error().detail;
  }
  std::string manifest() const {
    std::ifstream in(options.folder + "/manifest.json");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write_manifest(const std::string& text) const {
    std::ofstream(options.folder + "/manifest.json") << text;
  }
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path) << text;
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config, fresh;
  BackupOptions options;
  std::unique_ptr<sql::Database> database;
};

TEST_F(BackupRefusals, AManifestTellsWhatTheBackupIs) {
  make();
  const auto document = json::parse(manifest());
  ASSERT_TRUE(document) << manifest();
  EXPECT_EQ(*document->find("florin_backup"), json::Value(1));
  EXPECT_EQ(*document->find("engine"), json::Value("sqlite"));
  EXPECT_EQ(*document->find("file"), json::Value("florin.db"));
  EXPECT_EQ(*document->find("secret_key"), json::Value(true));
  EXPECT_EQ(*document->find("bytes"),
            json::Value(static_cast<std::int64_t>(fs::file_size(options.folder + "/florin.db"))));
}

TEST_F(BackupRefusals, AManifestOfSomethingElseIsNone) {
  make();
  for (const char* text : {"", "{", "{}", "[]", R"({"florin_backup":2})",
                           R"({"florin_backup":"1","engine":"sqlite","file":"florin.db"})"}) {
    write_manifest(text);
    EXPECT_TRUE(has(refusal(), "holds no backup of florin")) << text;
  }
}

TEST_F(BackupRefusals, AManifestNamesNoOtherFile) {
  make();
  for (const char* text :
       {R"({"florin_backup":1})", R"({"florin_backup":1,"engine":"sqlite","file":"../florin.db"})",
        R"({"florin_backup":1,"engine":"sqlite","file":"florin.dump"})",
        R"({"florin_backup":1,"engine":"oracle","file":"florin.db"})"}) {
    write_manifest(text);
    EXPECT_TRUE(has(refusal(), "names no file of a backup")) << text;
  }
}

TEST_F(BackupRefusals, ABackupOfAnotherEngineIsNotRestored) {
  make();
  fresh.database_url = "postgres://nobody@127.0.0.1:1/none";
  EXPECT_TRUE(has(refusal(), "the backup is of sqlite"));
  fresh.database_url.clear();
  write_manifest(R"({"florin_backup":1,"engine":"postgres","file":"florin.dump"})");
  EXPECT_TRUE(has(refusal(), "the backup is of postgres"));
}

TEST_F(BackupRefusals, NoDatabaseLogOrKeyIsReplaced) {
  make();
  for (const char* name : {"/florin.db", "/florin.db-wal", "/secret.key"}) {
    const std::string path = fresh.data_dir + name;
    put(path, "somebody's");
    EXPECT_TRUE(has(refusal(), path)) << name;
    std::ifstream in(path);
    EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), "somebody's");
    fs::remove(path);
  }
  EXPECT_EQ(refusal(), "restored");
}

TEST_F(BackupRefusals, AFileThatIsCutOffOrGoneIsNotRestored) {
  make();
  const std::string file = options.folder + "/florin.db";
  fs::resize_file(file, fs::file_size(file) / 2);
  EXPECT_TRUE(has(refusal(), "checksum differs"));
  fs::remove(file);
  EXPECT_NE(restore(fresh, options, {}).has_value(), true);
  EXPECT_FALSE(fs::exists(fresh.data_dir + "/florin.db"));
}

TEST_F(BackupRefusals, ABackupWithoutADatabaseIsNotMade) {
  config.data_dir = folder.path() + "/nothing";
  EXPECT_TRUE(has(backup_failure(), "there is no database"));
  EXPECT_FALSE(fs::exists(options.folder));
  EXPECT_FALSE(fs::exists(config.data_dir));
}

TEST_F(BackupRefusals, ABackupWithoutTheKeyThatWasAskedForIsNotMade) {
  fs::remove(config.data_dir + "/secret.key");
  EXPECT_TRUE(has(backup_failure(), "secret.key cannot be copied"));
  EXPECT_FALSE(fs::exists(options.folder));
}

TEST_F(BackupRefusals, ABackupIsNotMadeWhereNoFolderCanBe) {
  put(folder.path() + "/a-file", "no folder");
  options.folder = folder.path() + "/a-file/backup";
  EXPECT_TRUE(has(backup_failure(), "cannot be made"));
}

TEST_F(BackupRefusals, WhatAnInterruptedBackupLeftIsInNobodysWay) {
  put(options.folder + ".partial/florin.db", "half of it");
  make();
  EXPECT_FALSE(fs::exists(options.folder + ".partial"));
  EXPECT_EQ(refusal(), "restored");
}

TEST_F(BackupRefusals, WhatAnInterruptedRestoreLeftIsInNobodysWay) {
  make();
  put(fresh.data_dir + "/florin.db.restoring", "half of it");
  put(fresh.data_dir + "/florin.db-head", "of the one before");
  ASSERT_EQ(refusal(), "restored");
  EXPECT_TRUE(open_database(fresh, clock)) << "the old head asks nothing of it";
}

}  // namespace
}  // namespace florin::app
