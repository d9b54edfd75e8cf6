#include "app/data/backup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "access/access.h"
#include "app/cli/tool.h"
#include "app/core.h"
#include "app/data/open_database.h"
#include "app/secret_key.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

class Backup : public testing::Test {
 protected:
  Backup() {
    config.data_dir = folder.path() + "/data";
    options.folder = folder.path() + "/backup";
    fresh.data_dir = folder.path() + "/fresh";
    database = std::move(*open_database(config, clock));
    EXPECT_TRUE(load_secret_key(config));
    Core core(*database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core.get<access::Access>().create_tenant("first"));
  }
  Result<Manifest> back_up_now() { return back_up(config, clock, options, {}); }
  Result<Manifest> restore_now() { return restore(fresh, options, {}); }
  std::size_t tenants_restored() {
    const auto restored = std::move(*open_database(fresh, clock));
    Core core(*restored, clock, fresh, Secret("a key of the tests"));
    return core.get<access::Access>().tenants()->size();
  }

  const FakeClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config, fresh;
  BackupOptions options;
  std::unique_ptr<sql::Database> database;  // Open all the time, as a server's.
};

TEST_F(Backup, HoldsWhatWasCommittedAndIsRestored) {
  options.verify = true;
  const auto made = back_up_now();
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->sha256.size(), 64u);
  EXPECT_FALSE(fs::exists(options.folder + ".partial"));
  EXPECT_FALSE(fs::exists(options.folder + "/secret.key"));
  const auto restored = restore_now();
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(tenants_restored(), 1u);
}

TEST_F(Backup, TakesTheSecretKeyAlongWhenAskedTo) {
  options.with_secret_key = true;
  ASSERT_TRUE(back_up_now());
  ASSERT_TRUE(restore_now());
  EXPECT_EQ(load_secret_key(fresh)->reveal(), load_secret_key(config)->reveal());
}

TEST_F(Backup, NeverReplacesAnything) {
  ASSERT_TRUE(back_up_now());
  const auto again = back_up_now();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errors::backup_failed);
  ASSERT_TRUE(restore_now());
  const auto refused = restore_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::restore_refused);
}

TEST_F(Backup, ThatWasChangedIsNotRestored) {
  ASSERT_TRUE(back_up_now());
  std::ofstream(options.folder + "/florin.db", std::ios::app) << "more";
  const auto refused = restore_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::restore_refused);
  EXPECT_FALSE(fs::exists(fresh.data_dir + "/florin.db"));
}

TEST_F(Backup, AFolderWithoutAManifestIsNone) {
  fs::create_directories(options.folder);
  const auto refused = restore_now();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::restore_refused);
}

TEST(Tool, SaysHowItsProgramEnded) {
  EXPECT_TRUE(run_tool({"true"}, {}));
  const auto ended = run_tool({"false"}, {});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, errors::tool_failed);
  EXPECT_EQ(ended.error().detail, "false ended with 1");
  const auto missing = run_tool({"florin-knows-no-such-program"}, {});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().detail.find("install it"), std::string::npos);
  EXPECT_TRUE(run_tool({"sh", "-c", "test \"$PGPASSWORD\" = secret"}, {{"PGPASSWORD", "secret"}}));
}

}  // namespace
}  // namespace florin::app
