#include "hub/operator/retrying_sender.h"

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

TEST(Pause, IsNeverSoonerThanTheScheduleWhateverRetryAfterSays) {
  constexpr std::int64_t now_s = 1'800'000'000;
  const auto asked = [](std::string value) {
    http_client::Response answer;
    answer.status = 429;
    answer.headers = {{"Retry-After", std::move(value)}};
    return http_client::retry_after_s(answer, now_s);
  };
  EXPECT_EQ(pause_ms(150, std::nullopt), 150);
  EXPECT_EQ(pause_ms(150, asked("0")), 150);
  EXPECT_EQ(pause_ms(150, asked("Sun, 06 Nov 1994 08:49:37 GMT")), 150);
  EXPECT_EQ(pause_ms(150, asked("-5")), 150);
  EXPECT_EQ(pause_ms(150, asked("soon")), 150);
  EXPECT_EQ(pause_ms(150, asked("1")), 1'000);
  EXPECT_EQ(pause_ms(1'600, asked("1")), 1'600);
  EXPECT_EQ(pause_ms(150, asked("30")), 30'000);
  EXPECT_GT(pause_ms(150, asked("31")), 30'000) << "nobody waits for it";
}

}  // namespace
}  // namespace florin::hub::operators
