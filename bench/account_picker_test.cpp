#include "bench/account_picker.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace florin::bench {
namespace {

constexpr int draws = 400'000;

std::vector<int> histogram_of_picks(const AccountPicker& picker, std::uint32_t accounts,
                                    Random& random) {
  std::vector<int> picks(accounts);
  for (int i = 0; i < draws; ++i) picks[picker.pick(random)] += 1;
  return picks;
}

TEST(AccountPicker, ThetaZeroTakesAllAlike) {
  Random random(7);
  const AccountPicker picker(100, 0, random);
  for (const int count : histogram_of_picks(picker, 100, random))
    EXPECT_NEAR(count, draws / 100, 400);
}

TEST(AccountPicker, ThetaOneAndTwoFollowZipf) {
  for (const double theta : {1.0, 2.0}) {
    Random random(7);
    const AccountPicker picker(1'000, theta, random);
    double total = 0;
    for (int rank = 1; rank <= 1'000; ++rank) total += std::pow(rank, -theta);
    auto picks = histogram_of_picks(picker, 1'000, random);
    EXPECT_NEAR(picks[picker.busiest()], draws / total, 0.02 * draws / total) << theta;
    std::sort(picks.rbegin(), picks.rend());
    EXPECT_NEAR(picks[9], draws / total * std::pow(10, -theta), 0.1 * draws / total) << theta;
  }
}

TEST(AccountPicker, PairsAreOfTwoAccountsAndFairInBothDirections) {
  Random random(7);
  const AccountPicker picker(50, 2, random);
  int first = 0, second = 0;
  for (int i = 0; i < 100'000; ++i) {
    const auto [debit, credit] = picker.pick_two(random);
    ASSERT_NE(debit, credit);
    first += debit == picker.busiest() ? 1 : 0;
    second += credit == picker.busiest() ? 1 : 0;
  }
  EXPECT_NEAR(first, second, 1'500);
  EXPECT_GT(first, 30'000);
}

TEST(AccountPicker, TwoAccountsAreEnough) {
  Random random(7);
  const AccountPicker picker(2, 0, random);
  const auto [debit, credit] = picker.pick_two(random);
  EXPECT_EQ(debit + credit, 1u);
}

}  // namespace
}  // namespace florin::bench
