#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "cluster/errors.h"
#include "cluster/lease_manager.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::cluster {

/// A database that several nodes of the test work on. Time moves only when the test moves it; each
/// node may have a wall clock of its own.
class ClusterFixture : public testing::Test {
 protected:
  static constexpr std::int64_t ttl_s = 10;

  /// The parts of one process.
  struct Process {
    Process(ClusterFixture& fixture, int node, const std::string& session);

    Self self;
    FakeClock clock;
    Nodes nodes;
    Leases leases;
    std::set<std::string> running;  ///< Duties that have begun and not ended.
    bool is_evicted = false;
    std::unique_ptr<LeaseManager> manager;

    /// A manager with these tasks, joined; the test calls its tick().
    void join_with(std::initializer_list<std::string> tasks);
    Result<void> check(const Lease& lease);
    Result<bool> renew(const Lease& lease);

    ClusterFixture& fixture;
  };

  ClusterFixture();
  void pass_seconds(std::int64_t seconds) { steady.advance_seconds(seconds); }

  FakeClock steady{Timestamp{0}};
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
};

}  // namespace florin::cluster
