#include "webhooks/endpoints/endpoint.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

TEST(Delays, DoubleUpToADay) {
  EXPECT_EQ(exponential_delays(5, 1'000), (std::vector<std::int64_t>{1'000, 2'000, 4'000, 8'000}));
  EXPECT_TRUE(exponential_delays(1, 1'000).empty());
  EXPECT_EQ(exponential_delays(3, 80'000'000).back(), 86'400'000);
}

}  // namespace
}  // namespace florin::webhooks
