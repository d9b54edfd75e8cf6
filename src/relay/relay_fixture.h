#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/id_generator.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "platform/json/value.h"
#include "platform/kafka/test_cluster_fixture.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"
#include "relay/relay.h"

namespace florin::relay {

/// The module over a database and a Kafka cluster of its own; start() begins it.
class RelayFixture : public testing::Test {
 protected:
  static constexpr int partitions = 3;

  RelayFixture();

  /// Topics of this test: `<prefix>-<name>`.
  void make_topics(std::initializer_list<const char*> names);
  void make_relay() { make_relay(settings()); }
  void make_relay(
      const Settings& wanted, Fence fence = [](sql::Tx&) { return Result<void>(); });
  Settings settings() const;
  /// Only the way out: without a group nothing waits for one.
  Settings settings_out() const;

  EventId emit(std::string_view type, std::string_view subject,
               std::string_view data = R"({"a":1})");
  /// Waits until it is so, twenty seconds at most.
  static bool wait_until(const std::function<bool()>& is_so);
  /// What /metrics says of it; 0 when it is not there.
  double figure(const std::string& name_and_labels) const;
  bool wait_for_relayed(int count);
  std::vector<kafka::Received> read(const std::string& topic, std::size_t count) const;
  std::vector<events::Event> events_of(std::string_view type);
  EventId saved_cursor();

  SystemClock clock;
  IdGenerator ids{clock, 0};
  metrics::Registry metrics;
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  const access::Permissions permissions{{}};
  access::Access access{*database, clock, ids, permissions, 0};
  events::EventLog events{*database, ids};
  idempotency::Idempotency idempotency;
  TenantId tenant;
  kafka::TestCluster cluster;
  const std::string prefix = cluster.unique("t");
  std::unique_ptr<Relay> relay;
};

}  // namespace florin::relay
