#include "cluster/nodes.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "cluster/cluster_fixture.h"
#include "cluster/process_identity.h"

namespace florin::cluster {
namespace {

using NodesTest = ClusterFixture;

TEST_F(NodesTest, ALiveProcessKeepsItsNodeIdToItself) {
  Process first(*this, 7, "first"), second(*this, 7, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  EXPECT_FALSE(*second.nodes.try_join());  // Not known yet.
  ASSERT_TRUE(database->write([&](sql::Tx& tx) { return first.nodes.heartbeat(tx); }));
  const auto refused = second.nodes.try_join();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::node_id_taken);
  EXPECT_NE(refused.error().detail.find("FLORIN_NODE_ID"), std::string::npos);
  EXPECT_NE(refused.error().detail.find("host-first"), std::string::npos);
}

TEST_F(NodesTest, TheNodeIdOfASilentProcessIsFreeAfterItsTime) {
  Process first(*this, 7, "first"), second(*this, 7, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  EXPECT_FALSE(*second.nodes.try_join());
  pass_seconds(ttl_s - 1);
  EXPECT_FALSE(*second.nodes.try_join());
  pass_seconds(1);
  EXPECT_TRUE(*second.nodes.try_join());
  const auto evicted = database->write([&](sql::Tx& tx) { return first.nodes.heartbeat(tx); });
  ASSERT_FALSE(evicted);
  EXPECT_EQ(evicted.error().code, errors::node_evicted);
}

TEST_F(NodesTest, WhoLeavesFreesItsNodeIdAtOnce) {
  Process first(*this, 7, "first"), second(*this, 7, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  ASSERT_TRUE(first.nodes.leave());
  EXPECT_TRUE(*second.nodes.try_join());
  ASSERT_TRUE(first.nodes.leave());  // It cannot remove its successor.
  EXPECT_EQ(second.nodes.list()->size(), 1u);
}

TEST_F(NodesTest, OthersHaveOtherNumbers) {
  Process first(*this, 1, "first"), second(*this, 2, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  ASSERT_TRUE(*second.nodes.try_join());
  const auto list = *first.nodes.list();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].self.session, "second");
  EXPECT_EQ(list[1].self.version, "1.0");
  EXPECT_TRUE(list[1].is_live(first.clock.now()));
  EXPECT_FALSE(list[1].is_live(first.clock.now().plus_seconds(ttl_s)));
}

TEST_F(NodesTest, WhereOneAloneMayWorkASecondLeavesAgain) {
  Process first(*this, 1, "first"), second(*this, 2, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  EXPECT_TRUE(*first.nodes.try_require_single_node());
  ASSERT_TRUE(*second.nodes.try_join());
  EXPECT_FALSE(*second.nodes.try_require_single_node());  // Not known yet.
  ASSERT_TRUE(database->write([&](sql::Tx& tx) { return first.nodes.heartbeat(tx); }));
  const auto refused = second.nodes.try_require_single_node();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errors::one_node_only);
  EXPECT_EQ(first.nodes.list()->size(), 1u);
}

TEST_F(NodesTest, WhereOneAloneMayWorkTheDeadAreForgotten) {
  Process first(*this, 1, "first"), second(*this, 2, "second");
  ASSERT_TRUE(*first.nodes.try_join());
  ASSERT_TRUE(*second.nodes.try_join());
  EXPECT_FALSE(*second.nodes.try_require_single_node());
  pass_seconds(ttl_s);
  EXPECT_TRUE(*second.nodes.try_require_single_node());
  EXPECT_EQ(second.nodes.list()->size(), 1u);
}

TEST_F(NodesTest, AProcessThatIsKnownToHaveEndedIsReplacedAtOnce) {
  // A real process of this machine that has ended: whoever starts after a crash need not wait.
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string identity = process_identity();
    const auto written = ::write(ends[1], identity.data(), identity.size());
    ::_exit(written > 0 ? 0 : 1);
  }
  ::close(ends[1]);
  std::string identity(512, '\0');
  identity.resize(static_cast<std::size_t>(::read(ends[0], identity.data(), identity.size())));
  ::close(ends[0]);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);

  Process second(*this, 7, "second");
  Self crashed = second.self;
  crashed.session = "first";
  crashed.process = identity;
  Nodes first(*database, second.clock, steady, crashed, ttl_s * 1'000'000);
  ASSERT_TRUE(*first.try_join());
  EXPECT_TRUE(*second.nodes.try_join());
}

TEST(ProcessIdentity, OfOneThatRunsIsNotTakenForEnded) {
  EXPECT_FALSE(has_ended(process_identity()));
  EXPECT_FALSE(has_ended("another-boot/pid:[1]/1/1"));
  EXPECT_FALSE(has_ended(""));
  EXPECT_FALSE(host_name().empty());
}

TEST(CommandNode, IsAnotherOneOfTheSameRange) {
  for (const int node : {0, 1, 511, 512, 1'023}) {
    const int command = command_node(node);
    EXPECT_NE(command, node);
    EXPECT_TRUE(command >= 0 && command <= 1'023) << command;
    EXPECT_EQ(command_node(command), node) << "no other server's command has it";
  }
}

}  // namespace
}  // namespace florin::cluster
