#include "cluster/keeper.h"

#include <gtest/gtest.h>

#include "cluster/cluster_fixture.h"
#include "cluster/job_note.h"
#include "platform/jobs/scheduler.h"

namespace florin::cluster {
namespace {

using Work = std::set<std::string>;

struct KeeperTest : ClusterFixture {
  Process a{*this, 1, "a"}, b{*this, 2, "b"};
};

TEST_F(KeeperTest, TheFirstNodeHasAllDutiesAndTheSecondWaits) {
  a.join_with({"x", "y"});
  b.join_with({"x", "y"});
  a.keeper->turn();
  b.keeper->turn();
  EXPECT_EQ(a.at_work, (Work{"x", "y"}));
  EXPECT_EQ(b.at_work, Work{});
  EXPECT_TRUE(a.keeper->holds("x"));
  EXPECT_FALSE(b.keeper->holds("x"));
}

TEST_F(KeeperTest, WhatIsGivenUpBeginsElsewhereAtTheNextLook) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.keeper->turn();
  b.keeper->turn();
  a.keeper->give_up_duties();
  EXPECT_EQ(a.at_work, Work{});
  b.keeper->turn();
  EXPECT_EQ(b.at_work, Work{"x"});
  a.keeper->turn();  // It is leaving, and takes nothing any more.
  b.keeper->give_up_duties();
  a.keeper->turn();
  EXPECT_EQ(a.at_work, Work{});
}

TEST_F(KeeperTest, TheDutiesOfADeadNodeAreTakenOverAfterItsTime) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.keeper->turn();
  b.keeper->turn();
  for (int passed = 0; passed < ttl_s; ++passed) {
    EXPECT_EQ(b.at_work, Work{});
    pass_seconds(1);
    b.keeper->turn();
  }
  EXPECT_EQ(b.at_work, Work{"x"});
}

TEST_F(KeeperTest, ANodeThatWasPausedEndsItsDutiesAndCannotWrite) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.keeper->turn();
  b.keeper->turn();
  pass_seconds(ttl_s);
  b.keeper->turn();
  ASSERT_EQ(b.at_work, Work{"x"});

  EXPECT_FALSE(a.keeper->holds("x"));  // By its own clock already.
  const auto checked = database->write([&](sql::Tx& tx) { return a.keeper->check(tx, "x"); });
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, errors::lease_lost);
  a.keeper->turn();
  EXPECT_EQ(a.at_work, Work{});
  EXPECT_TRUE(database->write([&](sql::Tx& tx) { return b.keeper->check(tx, "x"); }));
}

TEST_F(KeeperTest, WhileItBeatsItKeepsWhatItHas) {
  a.join_with({"x"});
  b.join_with({"x"});
  for (int i = 0; i < 4 * ttl_s; ++i) {
    a.keeper->turn();
    b.keeper->turn();
    pass_seconds(1);
  }
  EXPECT_EQ(a.at_work, Work{"x"});
  EXPECT_EQ(b.at_work, Work{});
  EXPECT_EQ(a.leases.list()->at(0).note, R"({"of":"x"})");
  EXPECT_EQ(a.leases.list()->at(0).lease.fencing, 1);
}

TEST_F(KeeperTest, WhoseNodeIdWasGivenAwayEnds) {
  a.join_with({"x"});
  a.keeper->turn();
  Process successor(*this, 1, "successor");
  EXPECT_FALSE(*successor.nodes.try_join());
  pass_seconds(ttl_s);
  successor.join_with({"x"});
  successor.keeper->turn();  // The lease's session is not registered any more: no waiting.
  EXPECT_EQ(successor.at_work, Work{"x"});
  a.keeper->turn();
  EXPECT_TRUE(a.is_evicted);
  EXPECT_EQ(a.at_work, Work{});
}

TEST_F(KeeperTest, StartsAndStopsWithItsOwnThread) {
  a.join_with({"x"});
  ASSERT_TRUE(a.keeper->start());
  EXPECT_EQ(a.at_work, Work{"x"});
  a.keeper->stop();
  EXPECT_EQ(a.at_work, Work{});
  EXPECT_TRUE(b.nodes.list()->empty());
}

TEST(JobNote, TellsOthersWhyTheLastRunFailed) {
  jobs::JobState job;
  EXPECT_EQ(note_of(job), "");
  job.runs = 2;
  EXPECT_EQ(failure_in(note_of(job)), std::nullopt);
  job.last_ok = false;
  job.last_result = "the disk is full";
  EXPECT_EQ(failure_in(note_of(job)), "the disk is full");
  EXPECT_EQ(failure_in(""), std::nullopt);
  EXPECT_EQ(failure_in("{\"ok\":1}"), std::nullopt);
}

}  // namespace
}  // namespace florin::cluster
