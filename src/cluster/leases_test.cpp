#include "cluster/leases.h"

#include <gtest/gtest.h>

#include "cluster/cluster_fixture.h"

namespace florin::cluster {
namespace {

struct TwoNodes : ClusterFixture {
  Process a{*this, 1, "a"}, b{*this, 2, "b"};
  TwoNodes() {
    EXPECT_TRUE(*a.nodes.try_join());
    EXPECT_TRUE(*b.nodes.try_join());
  }
};

TEST_F(TwoNodes, OneAloneHoldsALease) {
  const auto first = *a.leases.acquire("work");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->fencing, 1);
  EXPECT_FALSE(*b.leases.acquire("work"));
  EXPECT_TRUE(a.check(*first));
  EXPECT_TRUE(*b.leases.acquire("other work"));
}

TEST_F(TwoNodes, AReleasedLeaseIsFreeAtOnceAndItsNumberGrows) {
  const auto first = *a.leases.acquire("work");
  ASSERT_TRUE(a.leases.release({&*first, 1}));
  EXPECT_FALSE(a.check(*first));
  const auto second = *b.leases.acquire("work");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->fencing, 2);
}

TEST_F(TwoNodes, ASilentHolderLosesItsLeaseAfterItsTimeAndNotBefore) {
  const auto first = *a.leases.acquire("work");
  EXPECT_FALSE(*b.leases.acquire("work"));  // From here b counts.
  pass_seconds(ttl_s - 1);
  EXPECT_FALSE(*b.leases.acquire("work"));
  pass_seconds(1);
  const auto second = *b.leases.acquire("work");
  ASSERT_TRUE(second);
  EXPECT_GT(second->fencing, first->fencing);
}

TEST_F(TwoNodes, AHolderThatRenewsKeepsItsLease) {
  const auto lease = *a.leases.acquire("work");
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(*b.leases.acquire("work"));
    pass_seconds(ttl_s - 1);
    EXPECT_TRUE(*a.renew(*lease));
  }
  EXPECT_FALSE(*b.leases.acquire("work"));
}

TEST_F(TwoNodes, AHolderThatSleptFindsOutBeforeItWrites) {
  const auto slept = *a.leases.acquire("work");
  EXPECT_FALSE(*b.leases.acquire("work"));
  pass_seconds(ttl_s);
  const auto next = *b.leases.acquire("work");
  ASSERT_TRUE(next);
  const auto checked = a.check(*slept);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, errors::lease_lost);
  EXPECT_FALSE(*a.renew(*slept));
  ASSERT_TRUE(a.leases.release({&*slept, 1}));  // What is no longer its own it cannot give away.
  EXPECT_TRUE(b.check(*next));
}

TEST_F(TwoNodes, WallClocksThatJumpDecideNothing) {
  const auto lease = *a.leases.acquire("work");
  b.clock.advance_seconds(1'000'000);
  EXPECT_FALSE(*b.leases.acquire("work"));
  a.clock.advance_seconds(-1'000'000);
  EXPECT_TRUE(*a.renew(*lease));
  EXPECT_FALSE(*b.leases.acquire("work"));
  EXPECT_TRUE(a.check(*lease));
}

TEST_F(TwoNodes, TheLeaseOfANodeThatIsNotRegisteredAnyMoreIsFreeAtOnce) {
  const auto lease = *a.leases.acquire("work");
  ASSERT_TRUE(a.nodes.leave());
  EXPECT_TRUE(*b.leases.acquire("work"));
  EXPECT_FALSE(a.check(*lease));
}

TEST_F(TwoNodes, TwoWhoSeeAFreeLeaseDoNotBothGetIt) {
  const auto lease = *a.leases.acquire("work");
  ASSERT_TRUE(a.leases.release({&*lease, 1}));
  Process c(*this, 3, "c");
  ASSERT_TRUE(*c.nodes.try_join());
  const bool b_has_it = (*b.leases.acquire("work")).has_value();
  const bool c_has_it = (*c.leases.acquire("work")).has_value();
  EXPECT_NE(b_has_it, c_has_it);
}

TEST_F(TwoNodes, TheListShowsHolderAndNote) {
  const auto lease = *a.leases.acquire("work");
  ASSERT_TRUE(
      *database->write([&](sql::Tx& tx) { return a.leases.renew(tx, *lease, R"({"ok":true})"); }));
  const auto list = *b.leases.list();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].lease.name, "work");
  EXPECT_EQ(list[0].holder, 1);
  EXPECT_EQ(list[0].last_run, R"({"ok":true})");
  EXPECT_EQ(list[0].expires_at, a.clock.now().plus_seconds(ttl_s));
}

}  // namespace
}  // namespace florin::cluster
