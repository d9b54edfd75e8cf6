#include "cluster/lease_manager.h"

#include <gtest/gtest.h>

#include "cluster/cluster_fixture.h"
#include "cluster/last_run.h"
#include "platform/jobs/scheduler.h"

namespace florin::cluster {
namespace {

using Work = std::set<std::string>;

struct LeaseManagerTest : ClusterFixture {
  Process a{*this, 1, "a"}, b{*this, 2, "b"};
};

TEST_F(LeaseManagerTest, TheFirstNodeHoldsAllLeasesAndTheSecondWaits) {
  a.join_with({"x", "y"});
  b.join_with({"x", "y"});
  a.manager->tick();
  b.manager->tick();
  EXPECT_EQ(a.running, (Work{"x", "y"}));
  EXPECT_EQ(b.running, Work{});
  EXPECT_TRUE(a.manager->holds("x"));
  EXPECT_FALSE(b.manager->holds("x"));
}

TEST_F(LeaseManagerTest, AReleasedTaskBeginsElsewhereAtTheNextTick) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.manager->tick();
  b.manager->tick();
  a.manager->release_all();
  EXPECT_EQ(a.running, Work{});
  b.manager->tick();
  EXPECT_EQ(b.running, Work{"x"});
  a.manager->tick();  // It is leaving, and takes nothing any more.
  b.manager->release_all();
  a.manager->tick();
  EXPECT_EQ(a.running, Work{});
}

TEST_F(LeaseManagerTest, TheTasksOfADeadNodeAreTakenOverAfterItsTtl) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.manager->tick();
  b.manager->tick();
  for (int passed = 0; passed < ttl_s; ++passed) {
    EXPECT_EQ(b.running, Work{});
    pass_seconds(1);
    b.manager->tick();
  }
  EXPECT_EQ(b.running, Work{"x"});
}

TEST_F(LeaseManagerTest, ANodeThatWasPausedEndsItsTasksAndCannotWrite) {
  a.join_with({"x"});
  b.join_with({"x"});
  a.manager->tick();
  b.manager->tick();
  pass_seconds(ttl_s);
  b.manager->tick();
  ASSERT_EQ(b.running, Work{"x"});

  EXPECT_FALSE(a.manager->holds("x"));  // By its own clock already.
  const auto checked = database->write([&](sql::Tx& tx) { return a.manager->check(tx, "x"); });
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, errors::lease_lost);
  a.manager->tick();
  EXPECT_EQ(a.running, Work{});
  EXPECT_TRUE(database->write([&](sql::Tx& tx) { return b.manager->check(tx, "x"); }));
}

TEST_F(LeaseManagerTest, HeartbeatsKeepItsLeases) {
  a.join_with({"x"});
  b.join_with({"x"});
  for (int i = 0; i < 4 * ttl_s; ++i) {
    a.manager->tick();
    b.manager->tick();
    pass_seconds(1);
  }
  EXPECT_EQ(a.running, Work{"x"});
  EXPECT_EQ(b.running, Work{});
  EXPECT_EQ(a.leases.list()->at(0).last_run, R"({"of":"x"})");
  EXPECT_EQ(a.leases.list()->at(0).lease.fencing, 1);
}

TEST_F(LeaseManagerTest, WhoseNodeIdWasGivenAwayEnds) {
  a.join_with({"x"});
  a.manager->tick();
  Process successor(*this, 1, "successor");
  EXPECT_FALSE(*successor.nodes.try_join());
  pass_seconds(ttl_s);
  successor.join_with({"x"});
  successor.manager->tick();  // The lease's session is not registered any more: no waiting.
  EXPECT_EQ(successor.running, Work{"x"});
  a.manager->tick();
  EXPECT_TRUE(a.is_evicted);
  EXPECT_EQ(a.running, Work{});
}

TEST_F(LeaseManagerTest, StartsAndStopsWithItsOwnThread) {
  a.join_with({"x"});
  ASSERT_TRUE(a.manager->start());
  EXPECT_EQ(a.running, Work{"x"});
  a.manager->stop();
  EXPECT_EQ(a.running, Work{});
  EXPECT_TRUE(b.nodes.list()->empty());
}

TEST(LastRun, TellsOthersWhyItFailed) {
  jobs::JobState job;
  EXPECT_EQ(last_run_json(job), "");
  job.runs = 2;
  EXPECT_EQ(failure_in(last_run_json(job)), std::nullopt);
  job.last_ok = false;
  job.last_result = "the disk is full";
  EXPECT_EQ(failure_in(last_run_json(job)), "the disk is full");
  EXPECT_EQ(failure_in(""), std::nullopt);
  EXPECT_EQ(failure_in("{\"ok\":1}"), std::nullopt);
}

}  // namespace
}  // namespace florin::cluster
