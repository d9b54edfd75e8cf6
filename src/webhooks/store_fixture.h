#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id_generator.h"
#include "events/events.h"
#include "events/module.h"
#include "platform/crypto/vault.h"
#include "platform/sql/database.h"
#include "platform/sql/migration.h"
#include "platform/sql/test_database.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/module.h"

namespace florin::webhooks {

/// The tables of the module without anything that runs. Time moves only when the test moves it.
class StoreFixture : public testing::Test {
 protected:
  static constexpr TenantId tenant{1}, other_tenant{2};

  StoreFixture() {
    std::vector<sql::Migration> all;
    for (const auto module : {events::migrations(), migrations()})
      all.insert(all.end(), module.begin(), module.end());
    EXPECT_TRUE(sql::migrate(*database, all, clock.now()));
  }

  /// The value of `work` in a unit of work of its own.
  template <class Work>
  auto write(const Work& work) {
    auto result = database->write(work);
    EXPECT_TRUE(result) << result.error().detail;
    if constexpr (!std::is_same_v<decltype(result), Result<void>>) return *std::move(result);
  }
  template <class Work>
  auto read(const Work& work) {
    auto result = database->read(work);
    EXPECT_TRUE(result) << result.error().detail;
    return *std::move(result);
  }

  Endpoint insert_endpoint(TenantId of = tenant) {
    Endpoint endpoint;
    endpoint.id = {ids.next()};
    endpoint.tenant = of;
    endpoint.url = "https://example.com/hooks";
    endpoint.created_at = endpoint.updated_at = clock.now();
    write([&](sql::Tx& tx) { return store.insert(tx, endpoint); });
    return endpoint;
  }

  Delivery new_delivery(EndpointId endpoint, std::int64_t event, TenantId of = tenant) {
    Delivery delivery;
    delivery.id = {ids.next()};
    delivery.tenant = of;
    delivery.endpoint = endpoint;
    delivery.event = {event};
    delivery.event_type = "account.created";
    delivery.created_at = delivery.next_attempt_at = clock.now();
    return delivery;
  }
  /// As the store made it.
  Delivery insert(Delivery delivery) {
    EXPECT_TRUE(write([&](sql::Tx& tx) { return outbox::insert(tx, delivery); }));
    return delivery;
  }
  Delivery insert_delivery(EndpointId endpoint, std::int64_t event, TenantId of = tenant) {
    return insert(new_delivery(endpoint, event, of));
  }
  Delivery find(const Delivery& delivery) {
    const auto found =
        read([&](sql::Tx& tx) { return outbox::find(tx, delivery.tenant, delivery.id); });
    EXPECT_TRUE(found);
    return found.value_or(Delivery());
  }
  bool exists(const Delivery& delivery) {
    return read([&](sql::Tx& tx) { return outbox::find(tx, delivery.tenant, delivery.id); })
        .has_value();
  }
  void end_as(Delivery delivery, DeliveryState state) {
    delivery.state = state;
    ++delivery.attempts;
    EXPECT_TRUE(write([&](sql::Tx& tx) { return outbox::update(tx, delivery); }));
  }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  crypto::Vault vault{Secret("a master key of the tests")};
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  events::EventLog events{*database, ids};
  EndpointStore store{vault};
};

}  // namespace florin::webhooks
