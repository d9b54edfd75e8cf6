#include "app/data/private_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "platform/sql/errors.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

class PrivateFiles : public testing::Test {
 protected:
  std::string in_folder(const std::string& name) const { return folder.path() + "/" + name; }
  static unsigned mode_of(const std::string& path) {
    struct stat state {};
    EXPECT_EQ(::stat(path.c_str(), &state), 0) << path;
    return state.st_mode & 0777;
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
};

TEST_F(PrivateFiles, AreForTheirOwnerAlone) {
  const std::string path = in_folder("export.jsonl");
  *private_file(path) << "first";
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST_F(PrivateFiles, LoseWhatOthersCouldDoAndWhatTheyHeld) {
  const std::string path = in_folder("export.jsonl");
  std::ofstream(path) << "something longer";
  ::chmod(path.c_str(), 0666);
  *private_file(path) << "new";
  EXPECT_EQ(mode_of(path), 0600U);
  std::ifstream in(path);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), "new");
}

TEST_F(PrivateFiles, ADeviceKeepsItsMode) {
  const unsigned before = mode_of("/dev/null");
  EXPECT_TRUE(private_file("/dev/null")->good());
  EXPECT_EQ(mode_of("/dev/null"), before);
}

TEST_F(PrivateFiles, WhatCannotBeWrittenIsNotGood) {
  EXPECT_FALSE(private_file(in_folder("missing/export.jsonl"))->good());
  EXPECT_FALSE(private_file(folder.path())->good()) << "a folder";
}

TEST_F(PrivateFiles, FoldersAreMadeWithThoseAboveThem) {
  const std::string path = in_folder("a/b/c");
  ASSERT_TRUE(make_private_folder(path));
  EXPECT_TRUE(std::filesystem::is_directory(path));
  EXPECT_TRUE(make_private_folder(path)) << "one that is there is no error";
  EXPECT_TRUE(is_writable(path));
  EXPECT_FALSE(is_writable(path + "/missing"));
}

TEST_F(PrivateFiles, AFileInThePlaceOfAFolderIsAnError) {
  std::ofstream(in_folder("a")) << "a file";
  const auto made = make_private_folder(in_folder("a/b"));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, sql::errors::store_unavailable);
  EXPECT_NE(made.error().detail.find(in_folder("a/b")), std::string::npos) << made.error().detail;
}

}  // namespace
}  // namespace florin::app
