// Three clocks that move only when the test moves them: the host's, the steady one, the database's.
#include "cluster/agreed_clock.h"

#include <gtest/gtest.h>

namespace florin::cluster {
namespace {

constexpr std::int64_t hour_s = 3'600;

struct AgreedClockTest : testing::Test {
  void pass_seconds(std::int64_t seconds) {
    for (FakeClock* each : {&host, &steady, &theirs}) each->advance_seconds(seconds);
  }
  void look() { agreed.look(DatabaseTime{steady.now(), theirs.now(), steady.now()}); }
  void look_without_database() { agreed.look(std::nullopt); }
  std::int64_t ahead_of_database_s() { return (agreed.now().us - theirs.now().us) / 1'000'000; }

  FakeClock host, theirs, steady{Timestamp{77'000'000}};
  AgreedClock agreed{host, steady};
};

TEST_F(AgreedClockTest, RunsWithTheHost) {
  look();
  pass_seconds(10);
  EXPECT_EQ(agreed.now(), host.now());
  host.advance_seconds(1);  // Within what NTP may do at once.
  look();
  EXPECT_EQ(agreed.now(), host.now());
  EXPECT_EQ(agreed.doubt(), "");
}

TEST_F(AgreedClockTest, DoesNotFollowAJumpOfTheHostAndSaysSo) {
  look();
  for (const std::int64_t jump_s : {hour_s, -2 * hour_s, 25 * hour_s}) {
    host.advance_seconds(jump_s);
    EXPECT_EQ(ahead_of_database_s(), 0);  // Not even before the next look.
    look();
    EXPECT_EQ(ahead_of_database_s(), 0);
    EXPECT_NE(agreed.doubt().find("florin does not go by it"), std::string::npos);
  }
  host.set(theirs.now());
  look();
  EXPECT_EQ(agreed.doubt(), "");
  EXPECT_EQ(agreed.now(), host.now());
}

TEST_F(AgreedClockTest, GoesByTheDatabaseWhenTheHostIsWrongFromTheStart) {
  host.advance_seconds(-hour_s);
  look();
  EXPECT_EQ(ahead_of_database_s(), 0);
  EXPECT_NE(agreed.doubt().find("3600000 ms behind"), std::string::npos) << agreed.doubt();
  host.advance_seconds(hour_s);
  look();
  EXPECT_EQ(agreed.doubt(), "");
}

TEST_F(AgreedClockTest, FollowsTheHostOverAPauseThatTheSteadyClockDidNotSee) {
  look();
  host.advance_seconds(hour_s);
  theirs.advance_seconds(hour_s);
  look();
  EXPECT_EQ(agreed.now(), host.now());
  EXPECT_EQ(agreed.doubt(), "");
}

TEST_F(AgreedClockTest, StaysWithTheHostWhenTheDatabaseJumpsAndSaysSo) {
  look();
  theirs.advance_seconds(hour_s);
  look();
  EXPECT_EQ(agreed.now(), host.now());
  EXPECT_EQ(agreed.doubt(), "this host's clock is 3600000 ms behind the database server's");
}

TEST_F(AgreedClockTest, ASlowAnswerIsNoSkew) {
  look();
  const Timestamp before = steady.now();
  pass_seconds(10);
  const Timestamp made = theirs.now();
  pass_seconds(10);
  agreed.look(DatabaseTime{before, made, steady.now()});
  EXPECT_EQ(agreed.doubt(), "");
}

TEST_F(AgreedClockTest, WithoutAnotherClockTheHostIsFollowed) {
  look_without_database();
  host.advance_seconds(-hour_s);
  look_without_database();
  EXPECT_EQ(agreed.now(), host.now());
  EXPECT_EQ(agreed.doubt(), "");
}

}  // namespace
}  // namespace florin::cluster
