#include "cluster/cluster_fixture.h"

#include "cluster/module.h"

namespace florin::cluster {

ClusterFixture::ClusterFixture() {
  EXPECT_TRUE(sql::migrate(*database, migrations(), Timestamp{1}));
}

ClusterFixture::Process::Process(ClusterFixture& of, int node, const std::string& session)
    // No process of this machine: whether it lives is known from its heartbeats alone.
    : self{node, session, "other-machine/1", "host-" + session, "10.0.0.1:8000", "1.0"},
      nodes(*of.database, clock, of.steady, self, ttl_s * 1'000'000),
      leases(*of.database, clock, of.steady, self, ttl_s * 1'000'000),
      fixture(of) {}

void ClusterFixture::Process::join_with(std::initializer_list<std::string> tasks) {
  ASSERT_TRUE(*nodes.try_join());
  manager = std::make_unique<LeaseManager>(
      LeaseManager::Parts{*fixture.database, nodes, leases, fixture.steady, ttl_s * 1'000'000,
                          [](const std::string& task) { return "{\"of\":\"" + task + "\"}"; },
                          [this] { is_evicted = true; }});
  for (const std::string& task : tasks) {
    manager->add({task, "Work of a test.",
                  [this, task]() -> Result<void> {
                    running.insert(task);
                    return {};
                  },
                  [this, task] { running.erase(task); }});
  }
}

Result<void> ClusterFixture::Process::check(const Lease& lease) {
  return fixture.database->write([&](sql::Tx& tx) { return leases.check(tx, lease); });
}

Result<bool> ClusterFixture::Process::renew(const Lease& lease) {
  return fixture.database->write([&](sql::Tx& tx) { return leases.renew(tx, lease, ""); });
}

}  // namespace florin::cluster
