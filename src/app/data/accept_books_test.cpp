#include "app/data/accept_books.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "access/access.h"
#include "app/core.h"
#include "app/data/open_database.h"
#include "app/demo.h"
#include "app/secret_key.h"
#include "ledger/anchor_file.h"
#include "ledger/settings.h"
#include "ledger/verify.h"
#include "platform/sql/database.h"
#include "platform/sql/sealer.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

/// Real books with transfers in them, and the anchor file beside them.
class BooksWithAnAnchor : public testing::Test {
 protected:
  BooksWithAnAnchor() {
    config.data_dir = folder.path() + "/data";
    open();
    add_to_books(20);
  }
  void open(const Opening& opening = {}) {
    database.reset();
    auto opened = open_database(config, clock, opening);
    ASSERT_TRUE(opened) << opened.error().detail;
    database = std::move(*opened);
  }
  /// So many steps of the demo.
  void add_to_books(int steps) {
    Core core(*database, clock, config, Secret("a key of the tests"));
    ASSERT_TRUE(core.recover());
    const auto demo = prepare_demo(core, *database, config.data_dir);
    ASSERT_TRUE(demo) << demo.error().detail;
    const jobs::Job trickle = demo_trickle(core, demo->tenant);
    for (int step = 0; step < steps; ++step) ASSERT_TRUE(trickle.run());
  }
  Result<Acceptance> accept() { return accept_books(*database, path(), clock.now()); }
  std::string path() const { return anchor_path(config); }
  std::string content() const {
    std::ifstream in(path());
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string why_it_stays() { return *ledger::why_anchor_stays(*database, path()); }
  /// The books are those of an hour ago: a copy put back.
  void take_books_back_to(const std::string& copy) {
    database.reset();
    for (const char* ending : {"", "-wal", "-shm", "-head"}) {
      const std::string file = config.data_dir + "/florin.db" + ending;
      fs::remove(file);
      if (fs::exists(copy + ending)) fs::copy_file(copy + ending, file);
    }
    open();
  }
  std::string copy_books() {
    database.reset();
    const std::string copy = folder.path() + "/copy.db";
    for (const char* ending : {"", "-wal", "-shm", "-head"}) {
      const std::string file = config.data_dir + "/florin.db" + ending;
      if (fs::exists(file)) fs::copy_file(file, copy + ending);
    }
    open();
    return copy;
  }

  FakeClock clock{Timestamp{1'790'000'000'000'000}};
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config;
  std::unique_ptr<sql::Database> database;
};

TEST_F(BooksWithAnAnchor, ItsFileIsInTheDataFolderOrWhereTheSettingSays) {
  EXPECT_EQ(anchor_path(config), config.data_dir + "/anchor.json");
  config.get<ledger::Settings>().anchor_file = "/mnt/other/anchor.json";
  EXPECT_EQ(anchor_path(config), "/mnt/other/anchor.json");
}

TEST_F(BooksWithAnAnchor, IsWrittenWhenTheBooksHaveMoved) {
  ledger::AnchorKeeper keeper(*database, clock, path());
  EXPECT_EQ(*keeper.look(), "written to " + path());
  const std::string first = content();
  EXPECT_EQ(*keeper.look(), "") << "nothing has moved";
  clock.advance_seconds(3'600);
  EXPECT_EQ(*keeper.look(), "") << "time alone moves nothing";
  add_to_books(20);
  EXPECT_EQ(*keeper.look(), "written to " + path());
  EXPECT_NE(content(), first);
  EXPECT_EQ(keeper.trouble(), "");
  EXPECT_FALSE(fs::exists(path() + ".new"));
  const auto anchors = ledger::load_anchors(path(), database->sealer()->key());
  ASSERT_TRUE(anchors) << anchors.error().detail;
  EXPECT_EQ(anchors->size(), 1U);
}

TEST_F(BooksWithAnAnchor, OfAnEarlierStartIsTakenUp) {
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  add_to_books(5);
  EXPECT_EQ(why_it_stays(), "") << "the books hold what it saw, and more";
  ledger::AnchorKeeper keeper(*database, clock, path());
  EXPECT_EQ(*keeper.look(), "written to " + path());
}

TEST_F(BooksWithAnAnchor, ThatSawMoreThanTheBooksHoldStays) {
  const std::string copy = copy_books();
  add_to_books(20);
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  const std::string proof = content();
  take_books_back_to(copy);
  ledger::AnchorKeeper keeper(*database, clock, path());
  const auto look = keeper.look();
  ASSERT_TRUE(look) << "that something is missing is a finding, no error of the job";
  EXPECT_NE(*look, "");
  EXPECT_EQ(keeper.trouble(), *look);
  add_to_books(20);
  EXPECT_NE(*keeper.look(), "");
  EXPECT_EQ(content(), proof) << "it is the proof that something is missing";
}

TEST_F(BooksWithAnAnchor, AreAcceptedAsTheyAreAndTheProofIsKept) {
  const std::string copy = copy_books();
  add_to_books(20);
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  const std::string proof = content();
  take_books_back_to(copy);
  const auto accepted = accept();
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ(accepted->aside, path() + ".before-1790000000");
  EXPECT_FALSE(accepted->ends_loss);
  EXPECT_EQ(accepted->key_before, "");
  EXPECT_EQ(set_aside_anchors(path()), std::vector<std::string>{accepted->aside});
  std::ifstream kept(accepted->aside);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(kept), {}}), proof);
  EXPECT_EQ(why_it_stays(), "");
  const auto again = accept();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->aside, "") << "the second time there is nothing to accept";
}

TEST_F(BooksWithAnAnchor, BorneOutByTheBooksIsWrittenAnew) {
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  add_to_books(5);
  const std::string before = content();
  const auto accepted = accept();
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ(accepted->aside, "");
  EXPECT_TRUE(set_aside_anchors(path()).empty());
  EXPECT_NE(content(), before);
}

TEST_F(BooksWithAnAnchor, ThatWasChangedOrIsNoneStays) {
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  std::string changed = content();
  const std::size_t digit = changed.find_first_of("123456789");
  ASSERT_NE(digit, std::string::npos);
  changed[digit] = changed[digit] == '9' ? '8' : '9';
  for (const std::string& text : {changed, std::string("{}\n"), std::string("no anchor\n")}) {
    std::ofstream(path()) << text;
    EXPECT_NE(why_it_stays(), "") << text;
    ledger::AnchorKeeper keeper(*database, clock, path());
    EXPECT_NE(*keeper.look(), "");
    EXPECT_EQ(content(), text);
  }
}

TEST_F(BooksWithAnAnchor, NothingIsSignedWithoutTheKey) {
  fs::remove(config.data_dir + "/secret.key");
  open();
  EXPECT_EQ(ledger::write_present_anchor(*database, path(), clock.now()).error().code,
            florin::errors::validation_failed);
  EXPECT_FALSE(fs::exists(path()));
  EXPECT_NE(why_it_stays().find("secret.key"), std::string::npos);
  const auto refused = accept();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, florin::errors::validation_failed);
}

TEST_F(BooksWithAnAnchor, WhatWasWrittenWithoutTheKeyIsAcceptedWithIt) {
  const std::string key = config.data_dir + "/secret.key";
  fs::rename(key, folder.path() + "/away.key");
  open();
  add_to_books(10);
  EXPECT_GT(ledger::verify(*database, {})->unkeyed(), 0);
  database.reset();
  fs::rename(folder.path() + "/away.key", key);
  open();
  const auto accepted = accept();
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_TRUE(accepted->ends_loss);
  EXPECT_EQ(accepted->key_before, "") << "it is the key that the books had";
  const auto proof = ledger::verify(*database, {});
  ASSERT_TRUE(proof) << proof.error().detail;
  EXPECT_TRUE(proof->clean());
  EXPECT_EQ(proof->unkeyed(), 0);
  EXPECT_GT(proof->accepted(), 0) << "and it is told ever after";
}

TEST_F(BooksWithAnAnchor, AnotherKeyIsTakenForTheirsWhenTheyAreAccepted) {
  const std::string before = database->sealer()->key().name();
  ASSERT_TRUE(ledger::write_present_anchor(*database, path(), clock.now()));
  config.encryption_key = Secret("another key, and not the one of the books: 8d1f0c");
  Opening meant;
  meant.takes_key = true;
  open(meant);
  EXPECT_NE(why_it_stays().find("signed with another key"), std::string::npos) << why_it_stays();
  const auto accepted = accept();
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ(accepted->key_before, before);
  EXPECT_NE(accepted->aside, "") << "what another key has signed cannot be checked";
  EXPECT_EQ(*books_key(*database), database->sealer()->key().name());
  open();
  EXPECT_FALSE(database->sealer()->is_key_lost()) << "from now on it is meant";
}

TEST_F(BooksWithAnAnchor, SetAsideFilesAreListedOldestFirst) {
  EXPECT_TRUE(set_aside_anchors(path()).empty());
  for (const char* ending : {".before-1790000002", ".before-1790000001", ".new", "-before-1"})
    std::ofstream(path() + ending) << "kept";
  EXPECT_EQ(set_aside_anchors(path()), (std::vector<std::string>{path() + ".before-1790000001",
                                                                 path() + ".before-1790000002"}));
  EXPECT_TRUE(set_aside_anchors(folder.path() + "/missing/anchor.json").empty());
}

}  // namespace
}  // namespace florin::app
