#include "hub/operator/courier.h"

#include <gtest/gtest.h>

namespace florin::hub::operators {
namespace {

TEST(Backoff, DoublesToFiveSecondsAndTakesAnyPartOfIt) {
  constexpr std::uint64_t multiple = 201ull * 401 * 801 * 1'601;  // Of each bound and one.
  EXPECT_EQ(backoff_ms(1, multiple), 0);
  EXPECT_EQ(backoff_ms(1, multiple - 1), 200);
  EXPECT_EQ(backoff_ms(2, multiple - 1), 400);
  EXPECT_EQ(backoff_ms(3, multiple - 1), 800);
  EXPECT_EQ(backoff_ms(4, multiple - 1), 1'600);
  for (std::uint64_t random = 0; random < 20'000; random += 7) {
    EXPECT_LE(backoff_ms(6, random), 5'000);
    EXPECT_LE(backoff_ms(1'000, random), 5'000);
  }
  EXPECT_EQ(backoff_ms(6, 5'000), 5'000);
  EXPECT_EQ(backoff_ms(1'000, 5'000), 5'000);
}

}  // namespace
}  // namespace florin::hub::operators
