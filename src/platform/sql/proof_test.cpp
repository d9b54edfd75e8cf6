#include "platform/sql/proof.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace florin::sql {
namespace {

std::vector<std::optional<int>> percents_of(std::int64_t rows,
                                            const std::function<void(Checker&)>& before_row) {
  std::vector<std::optional<int>> told;
  const Progress progress = [&](std::string_view, Done done) { told.push_back(done.percent); };
  Checker check("rows", progress);
  for (std::int64_t i = 0; i < rows; ++i) {
    before_row(check);
    check.row();
  }
  return told;
}

TEST(Progress, TellsPercentOfTheRowsThatAreExpected) {
  const auto told =
      percents_of(2 * Checker::progress_step, [](Checker& check) { check.expect_rows(200'000); });
  EXPECT_EQ(told, (std::vector<std::optional<int>>{25, 50}));
}

TEST(Progress, TellsPercentOfWhatIsNoRow) {
  const auto told = percents_of(Checker::progress_step, [](Checker& check) { check.is_at(9, 12); });
  EXPECT_EQ(told, std::vector<std::optional<int>>{75});
}

TEST(Progress, TellsNoneWhereNobodyKnows) {
  const auto told = percents_of(Checker::progress_step, [](Checker&) {});
  EXPECT_EQ(told, std::vector<std::optional<int>>{std::nullopt});
}

TEST(Progress, StaysWithinAHundred) {
  EXPECT_EQ(Done(1, 1e300, 1).percent, 100);
  EXPECT_EQ(Done(1, -5, 10).percent, 0);
  EXPECT_EQ(Done(7).rows, 7);
}

}  // namespace
}  // namespace florin::sql
