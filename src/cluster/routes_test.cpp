// What the routes show of nodes and of jobs.
#include "cluster/cluster_fixture.h"
#include "cluster/module.h"
#include "platform/jobs/scheduler.h"
#include "platform/json/value.h"

namespace florin::cluster {
namespace {

struct ClusterRoutes : ClusterFixture {
  ClusterRoutes() {
    a.join_with({"x"});
    b.join_with({"x"});
    a.manager->tick();
    b.manager->tick();
  }
  /// The list that node b shows.
  json::Value list(std::string_view pattern) {
    const http::Routes all = routes({b.nodes, b.leases, *b.manager, scheduler, clock});
    for (const http::Route& route : all) {
      if (route.pattern != pattern) continue;
      const auto response = std::get<http::SyncHandler>(route.handler)(http::Request());
      EXPECT_TRUE(response);
      return *json::parse(response->body)->find("data");
    }
    return {};
  }
  static std::string member(const json::Value& list, std::size_t index, std::string_view name) {
    return json::serialize(*list.as_array()->at(index).find(name));
  }

  Process a{*this, 1, "a"}, b{*this, 2, "b"};
  FakeClock clock;
  jobs::Scheduler scheduler{clock};
};

TEST_F(ClusterRoutes, NodesHaveTheirStatusAndLeases) {
  const json::Value nodes = list("/v1/system/nodes");
  ASSERT_EQ(nodes.as_array()->size(), 2U);
  EXPECT_EQ(member(nodes, 0, "id"), "1");
  EXPECT_EQ(member(nodes, 0, "this"), "false");
  EXPECT_EQ(member(nodes, 0, "status"), R"("live")");
  EXPECT_EQ(member(nodes, 0, "leases"), R"(["x"])");
  EXPECT_EQ(member(nodes, 0, "lease_seconds"), "10");
  EXPECT_EQ(member(nodes, 1, "this"), "true");
  EXPECT_EQ(member(nodes, 1, "leases"), "[]");
}

TEST_F(ClusterRoutes, ANodeWithoutRecentHeartbeatsIsSilent) {
  clock.advance_seconds(ttl_s);
  EXPECT_EQ(member(list("/v1/system/nodes"), 0, "status"), R"("silent")");
}

TEST_F(ClusterRoutes, ATaskOfOneNodeHasItsHolderAndTheHoldersLastRun) {
  pass_seconds(ttl_s / 2);
  a.manager->tick();  // Its heartbeat stores the last run.
  const json::Value jobs = list("/v1/system/jobs");
  ASSERT_EQ(jobs.as_array()->size(), 1U);
  EXPECT_EQ(member(jobs, 0, "name"), R"("x")");
  EXPECT_EQ(member(jobs, 0, "runs_on"), R"("one_node")");
  EXPECT_EQ(member(jobs, 0, "holder"), "1");
  EXPECT_EQ(member(jobs, 0, "fencing"), "1");
  EXPECT_EQ(member(jobs, 0, "last_run"), R"({"of":"x"})");
  EXPECT_EQ(member(jobs, 0, "every_ms"), "null");
}

}  // namespace
}  // namespace florin::cluster
