#include "cluster/cluster_fixture.h"

#include "cluster/module.h"

namespace florin::cluster {

ClusterFixture::ClusterFixture() {
  EXPECT_TRUE(sql::migrate(*database, migrations(), Timestamp{1}));
}

ClusterFixture::Process::Process(ClusterFixture& of, int node, const std::string& session)
    // No process of this machine: whether it lives is known from its beats alone.
    : self{node, session, "other-machine/1", "host-" + session, "10.0.0.1:8000", "1.0"},
      nodes(*of.database, clock, of.steady, self, ttl_s * 1'000'000),
      leases(*of.database, clock, of.steady, self, ttl_s * 1'000'000),
      fixture(of) {}

void ClusterFixture::Process::join_with(std::initializer_list<std::string> duties) {
  ASSERT_TRUE(*nodes.try_join());
  keeper = std::make_unique<Keeper>(
      Keeper::Parts{*fixture.database, nodes, leases, fixture.steady, ttl_s * 1'000'000,
                    [](const std::string& duty) { return "{\"of\":\"" + duty + "\"}"; },
                    [this] { is_evicted = true; }});
  for (const std::string& duty : duties) {
    keeper->add({duty, "Work of a test.",
                 [this, duty]() -> Result<void> {
                   at_work.insert(duty);
                   return {};
                 },
                 [this, duty] { at_work.erase(duty); }});
  }
}

Result<void> ClusterFixture::Process::check(const Lease& lease) {
  return fixture.database->write([&](sql::Tx& tx) { return leases.check(tx, lease); });
}

Result<bool> ClusterFixture::Process::renew(const Lease& lease) {
  return fixture.database->write([&](sql::Tx& tx) { return leases.renew(tx, lease, ""); });
}

}  // namespace florin::cluster
