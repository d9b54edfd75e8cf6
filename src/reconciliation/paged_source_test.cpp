// A side in pages: what has come is kept, whenever the reading is cut short.
#include "reconciliation/paged_source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "platform/sql/temporary_folder.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation {
namespace {

constexpr ErrorCode away{ErrorKind::unavailable, "away"};
constexpr ErrorCode cursor_expired{ErrorKind::invalid, "cursor_expired"};
const Period period{{0}, {1'000}};

/// Pages "", "1", "2", ... of two entries each; it may break down at one of them.
struct Numbered final : PagedSource {
  Result<Page> fetch(const Period&, const std::string& cursor) override {
    fetched.push_back(cursor);
    const int number = cursor.empty() ? 0 : std::stoi(cursor);
    if (number == broken_at) return Error{failure, "the page does not come"};
    Page page;
    for (int i = 0; i < 2; ++i) {
      page.entries.push_back({"t" + std::to_string(2 * number + i),
                              "r",
                              "ana",
                              {number, *Currency::parse("KZT")},
                              "debit",
                              EntryStatus::success,
                              {number}});
    }
    if (number < 4) page.next_cursor = std::to_string(number == repeats_at ? number : number + 1);
    return page;
  }
  std::vector<std::string> fetched;
  int broken_at = -1, repeats_at = -1;
  ErrorCode failure = away;
};

class PagesTest : public testing::Test {
 protected:
  PagesTest() {
    auto owned = std::make_unique<Numbered>();
    pages = owned.get();
    source = read_in_pages(std::move(owned), spool);
  }
  /// How many entries came, in their order; or the code of the error.
  std::string read(const Period& of = period) {
    int count = 0;
    const auto done = source->read(of, [&](const Entry& entry) -> Result<void> {
      EXPECT_EQ(entry.key, "t" + std::to_string(count++));
      return {};
    });
    return done ? std::to_string(count) : std::string(done.error().code.name);
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::string spool = folder.path() + "/spool";
  Numbered* pages = nullptr;
  std::unique_ptr<Source> source;
};

TEST_F(PagesTest, AreReadToTheLast) {
  EXPECT_EQ(read(), "10");
  EXPECT_EQ(pages->fetched, (std::vector<std::string>{"", "1", "2", "3", "4"}));
  EXPECT_FALSE(std::filesystem::exists(spool));
}

TEST_F(PagesTest, ThatHaveComeAreNotFetchedAgain) {
  pages->broken_at = 3;
  EXPECT_EQ(read(), "away");
  pages->broken_at = -1;
  pages->fetched.clear();
  EXPECT_EQ(read(), "10");
  EXPECT_EQ(pages->fetched, (std::vector<std::string>{"3", "4"}));
}

TEST_F(PagesTest, BeginAnewWhenTheirCursorIsRefused) {
  pages->broken_at = 3;
  pages->failure = cursor_expired;
  EXPECT_EQ(read(), "cursor_expired");
  pages->broken_at = -1;
  pages->fetched.clear();
  EXPECT_EQ(read(), "10");
  EXPECT_EQ(pages->fetched.size(), 5u);
}

TEST_F(PagesTest, OfAnotherPeriodAreOfNoUse) {
  pages->broken_at = 3;
  EXPECT_EQ(read(), "away");
  pages->broken_at = -1;
  pages->fetched.clear();
  EXPECT_EQ(read({{0}, {2'000}}), "10");
  EXPECT_EQ(pages->fetched.size(), 5u);
}

TEST_F(PagesTest, CutAnywhereAreFetchedAgainFromTheLastWholeOne) {
  pages->broken_at = 3;
  EXPECT_EQ(read(), "away");
  for (auto size = std::filesystem::file_size(spool); size > 0; --size) {
    pages->broken_at = 3;
    EXPECT_EQ(read(), "away");
    std::filesystem::resize_file(spool, size - 1);
    pages->broken_at = -1;
    EXPECT_EQ(read(), "10") << "cut to " << size - 1;
  }
}

TEST_F(PagesTest, ThatGoInACircleEnd) {
  pages->repeats_at = 2;
  EXPECT_EQ(read(), "reconciliation_pages_repeat");
}

TEST_F(PagesTest, ThatCannotBeKeptSaySo) {
  source = read_in_pages(std::make_unique<Numbered>(), folder.path() + "/none/spool");
  EXPECT_EQ(read(), "reconciliation_files_unusable");
}

}  // namespace
}  // namespace florin::reconciliation
