#include "app/secret_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "platform/sql/errors.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

class SecretKey : public testing::Test {
 protected:
  SecretKey() { config.data_dir = folder.path() + "/data"; }
  std::string path() const { return config.data_dir + "/secret.key"; }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config;
};

TEST_F(SecretKey, IsMadeOnceForItsOwnerAlone) {
  const auto first = load_secret_key(config);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->reveal().size(), 64u);
  EXPECT_EQ(load_secret_key(config)->reveal(), first->reveal());
  struct stat state {};
  ASSERT_EQ(::stat(path().c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
}

TEST_F(SecretKey, TheConfiguredOneComesFirst) {
  config.encryption_key = Secret("a key of the environment");
  EXPECT_EQ(load_secret_key(config)->reveal(), "a key of the environment");
  EXPECT_NE(::access(path().c_str(), F_OK), 0) << "no file is made then";
}

TEST_F(SecretKey, AGuessableOneIsForLedgersThatHaveItAlready) {
  const std::string weak(32, 'a');
  config.encryption_key = Secret(weak);
  const auto refused = [&](KeyFile missing) {
    const auto key = load_secret_key(config, missing);
    return key ? "" : key.error().detail;
  };
  EXPECT_EQ(refused(KeyFile::is_made).find("security.encryption_key must be hard to guess"), 0U);
  EXPECT_EQ(refused(KeyFile::is_expected), "");
  config.encryption_key = {};
  ASSERT_TRUE(load_secret_key(config));
  std::ofstream(path()) << weak << "\n";
  EXPECT_NE(refused(KeyFile::is_made).find("hard to guess"), std::string::npos);
  EXPECT_EQ(refused(KeyFile::is_expected), "");
}

TEST_F(SecretKey, AFileThatHoldsNoKeyIsAnErrorAndStays) {
  ASSERT_TRUE(load_secret_key(config));
  for (const char* damaged : {"short\n", "short", "\n", ""}) {
    std::ofstream(path()) << damaged;
    const Error error = load_secret_key(config).error();
    EXPECT_EQ(error.code, errors::invalid_configuration) << damaged;
    EXPECT_NE(error.detail.find("at least 16 characters"), std::string::npos) << error.detail;
  }
}

TEST_F(SecretKey, IsNotMadeWhereOneIsExpected) {
  const auto lost = load_secret_key(config, KeyFile::is_expected);
  ASSERT_TRUE(lost) << lost.error().detail;
  EXPECT_TRUE(lost->empty());
  EXPECT_NE(::access(path().c_str(), F_OK), 0);
}

TEST_F(SecretKey, AFolderThatCannotBeMadeIsAnError) {
  std::ofstream(config.data_dir) << "a file in its place";
  EXPECT_EQ(load_secret_key(config).error().code, sql::errors::store_unavailable);
}

}  // namespace
}  // namespace florin::app
