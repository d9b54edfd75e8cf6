// How totals are shared out, against exact fractions.
#include "ledger/engine/limits.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "ledger/errors.h"

namespace florin::ledger::engine {
namespace {

using Share = SplitDestination::Share;

SplitDestination portion(const std::string& text, std::optional<std::int64_t> max = {}) {
  SplitDestination destination;
  destination.share = Share::portion;
  destination.portion = *Portion::parse(text);
  destination.max = max;
  return destination;
}
SplitDestination fixed(std::int64_t minor) {
  SplitDestination destination;
  destination.share = Share::amount;
  destination.minor = minor;
  return destination;
}
SplitDestination up_to(std::int64_t max) {
  SplitDestination destination;
  destination.share = Share::up_to;
  destination.max = max;
  return destination;
}
SplitDestination remaining() { return {}; }

using Shares = std::vector<std::int64_t>;

Shares share(std::int64_t total, const std::vector<SplitDestination>& destinations) {
  const auto shares = shares_of(total, destinations);
  EXPECT_TRUE(shares);
  return shares ? *shares : Shares{};
}

TEST(Portion, IsAFractionOrAPercentage) {
  EXPECT_EQ(*Portion::parse("1/3"), (Portion{1, 3}));
  EXPECT_EQ(*Portion::parse("2/6"), (Portion{1, 3}));
  EXPECT_EQ(*Portion::parse("12.5%"), (Portion{1, 8}));
  EXPECT_EQ(*Portion::parse("100%"), (Portion{1, 1}));
  EXPECT_EQ(*Portion::parse("0.0001%"), (Portion{1, 1'000'000}));
  for (const char* text : {"", "%", "0%", "0/1", "4/3", "100.1%", "1.00000%", "-1%", "+1/2", "1/0",
                           "1", ".5%", "5.%", "1/ 2", "1/1000001", "0.5", "1/2/3", "1e1%"})
    EXPECT_FALSE(Portion::parse(text)) << text;
}

TEST(Shares, WhatIsLeftOfRoundingGoesToTheGreatestRemainders) {
  EXPECT_EQ(share(100, {portion("1/3"), portion("1/3"), portion("1/3")}), (Shares{34, 33, 33}));
  EXPECT_EQ(share(101, {portion("1/3"), portion("1/3"), portion("1/3")}), (Shares{34, 34, 33}));
  EXPECT_EQ(share(100, {portion("1/3"), remaining()}), (Shares{33, 67}));
  EXPECT_EQ(share(100, {portion("1/3"), portion("1/3"), remaining()}), (Shares{34, 33, 33}));
  EXPECT_EQ(share(1, {portion("50%"), portion("50%")}), (Shares{1, 0}));
  EXPECT_EQ(share(10, {portion("2.5%"), remaining()}), (Shares{0, 10}));
}

TEST(Shares, PortionsAreOfTheWholeAndFixedAmountsComeOffTheRest) {
  EXPECT_EQ(share(10'000, {fixed(30), portion("2.9%"), remaining()}), (Shares{30, 290, 9'680}));
  EXPECT_EQ(share(100, {fixed(50), portion("50%")}), (Shares{50, 50}));
}

TEST(Shares, CapsPassWhatIsOverOnToTheRest) {
  EXPECT_EQ(share(1'000, {portion("10%", 25), remaining()}), (Shares{25, 975}));
  EXPECT_EQ(share(1'000, {up_to(300), up_to(400), remaining()}), (Shares{300, 400, 300}));
  EXPECT_EQ(share(500, {up_to(300), up_to(400), remaining()}), (Shares{300, 200, 0}));
  EXPECT_EQ(share(500, {remaining(), up_to(300)}), (Shares{200, 300}));
}

TEST(Shares, RefusesWhatIsMoreOrLessThanTheWhole) {
  const std::vector<std::vector<SplitDestination>> bad{
      {fixed(101)},
      {fixed(99)},
      {portion("60%"), portion("60%")},
      {portion("99.9999%")},
      {up_to(99)},
      {portion("50%", 10), portion("50%")},
      {fixed(INT64_MAX), fixed(INT64_MAX), fixed(INT64_MAX)},
      {portion("1/999983"), portion("1/999979"), portion("1/999961"), remaining()},
  };
  for (const auto& destinations : bad) {
    const auto shares = shares_of(100, destinations);
    ASSERT_FALSE(shares);
    EXPECT_EQ(shares.error().code, errors::split_mismatch);
  }
}

TEST(SharesProperty, AreExactInSumAndLessThanAUnitFromTheirFractions) {
  std::mt19937_64 random(42);
  const auto pick = [&](std::int64_t below) {
    return std::uniform_int_distribution<std::int64_t>(0, below - 1)(random);
  };
  for (int round = 0; round < 2'000; ++round) {
    const std::int64_t total = round % 3 == 0 ? INT64_MAX - pick(1'000) : 1 + pick(100'000);
    std::vector<SplitDestination> destinations;
    std::int64_t left = 10'000;  // In hundredths of a percent.
    for (std::int64_t i = 1 + pick(6); i > 0 && left > 1; --i) {
      const std::int64_t parts = 1 + pick(left - 1);
      left -= parts;
      SplitDestination destination;
      destination.share = Share::portion;
      const std::int64_t common = std::gcd(parts, std::int64_t{10'000});
      destination.portion = {parts / common, 10'000 / common};
      destinations.push_back(destination);
    }
    destinations.push_back(remaining());
    const Shares shares = share(total, destinations);
    __extension__ using Wide = __int128;
    Wide sum = 0;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      ASSERT_GE(shares[i], 0);
      sum += shares[i];
      if (destinations[i].share != Share::portion) continue;
      const Portion& part = destinations[i].portion;
      const Wide off = static_cast<Wide>(total) * part.numerator -
                       static_cast<Wide>(shares[i]) * part.denominator;
      ASSERT_TRUE(off < part.denominator && -off < part.denominator);
    }
    ASSERT_TRUE(sum == total);
  }
}

}  // namespace
}  // namespace florin::ledger::engine
