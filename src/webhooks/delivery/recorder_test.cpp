#include "webhooks/delivery/recorder.h"

#include <atomic>
#include <map>

#include "platform/http_client/address_guard.h"
#include "webhooks/endpoints/endpoints.h"
#include "webhooks/store_fixture.h"

namespace florin::webhooks {
namespace {

class Recording : public StoreFixture {
 protected:
  Recording() {
    changes.listen([this](EndpointId id) { changed = id; });
  }

  AttemptResult result_of(Delivery delivery, DeliveryState state, Timestamp ended_at) {
    delivery.state = state;
    AttemptResult result;
    result.attempt.delivery = delivery.id;
    result.attempt.number = ++delivery.attempts;
    result.attempt.request_headers = result.attempt.response_headers = "{}";
    result.ended_at = ended_at;
    result.delivery = std::move(delivery);
    return result;
  }
  void record(AttemptResult result) {
    recorder.submit(std::move(result));
    recorder.wait_until_written();
  }
  Endpoint load(EndpointId id) {
    return *read([&](sql::Tx& tx) { return store.load(tx, id); });
  }
  std::size_t attempts(const Delivery& delivery) {
    return read([&](sql::Tx& tx) { return outbox::attempts(tx, tenant, delivery.id); }).size();
  }

  http_client::AddressGuard guard;
  Settings settings;
  Endpoints endpoints{{store, events, ids, clock, guard, settings}};
  EndpointChanges changes;
  std::atomic<EndpointId> changed{EndpointId()};
  std::atomic<bool> has_lease{true};
  Fence fence = [this](sql::Tx&) -> Result<void> {
    if (has_lease) return {};
    return Error{florin::errors::internal_error, "another node delivers"};
  };
  std::mutex mutex;  // Guards the next.
  std::map<DeliveryId, bool> recorded;
  Recorder recorder{{*database, store, endpoints, changes, fence},
                    [this](AttemptResult& result, const Result<void>& committed) {
                      const std::lock_guard lock(mutex);
                      recorded[result.delivery.id] = committed.has_value();
                    }};
  const Endpoint endpoint = insert_endpoint();
};

TEST_F(Recording, WritesDeliveryAttemptAndHealth) {
  const Delivery delivery = insert_delivery(endpoint.id, 1);
  const Timestamp ended = clock.now().plus_seconds(1);
  record(result_of(delivery, DeliveryState::failed, ended));
  EXPECT_EQ(find(delivery).state, DeliveryState::failed);
  EXPECT_EQ(find(delivery).attempts, 1);
  EXPECT_EQ(attempts(delivery), 1u);
  EXPECT_EQ(load(endpoint.id).failing_since, ended);
  EXPECT_TRUE(recorded.at(delivery.id));
  record(result_of(find(delivery), DeliveryState::delivered, ended.plus_seconds(1)));
  EXPECT_EQ(find(delivery).attempts, 2);
  EXPECT_EQ(attempts(delivery), 2u);
  EXPECT_FALSE(load(endpoint.id).failing_since);
  EXPECT_EQ(load(endpoint.id).last_success_at, ended.plus_seconds(1));
}

TEST_F(Recording, TellsOfEachOfMany) {
  std::vector<Delivery> all;
  for (int i = 1; i <= 200; ++i) all.push_back(insert_delivery(endpoint.id, i));
  for (const Delivery& one : all)
    recorder.submit(result_of(one, DeliveryState::delivered, clock.now()));
  recorder.wait_until_written();
  EXPECT_EQ(recorded.size(), all.size());
  const auto open = read([](sql::Tx& tx) { return outbox::backlog(tx); });
  EXPECT_EQ(open.count, 0);
}

TEST_F(Recording, AnEndedDeliveryReleasesTheNextOfItsKey) {
  Delivery first = new_delivery(endpoint.id, 1);
  Delivery second = new_delivery(endpoint.id, 2);
  first.order_key = second.order_key = "k";
  first = insert(first);
  second = insert(second);
  ASSERT_EQ(second.next_attempt_at, Delivery::held);
  record(result_of(first, DeliveryState::failed, clock.now()));
  EXPECT_EQ(find(second).next_attempt_at, Delivery::held) << "a retry comes first";
  const Timestamp ended = clock.now().plus_seconds(3);
  record(result_of(find(first), DeliveryState::dead_letter, ended));
  EXPECT_EQ(find(second).next_attempt_at, ended);
}

TEST_F(Recording, GoneDisablesTheEndpointAndWritesAnEvent) {
  const Delivery delivery = insert_delivery(endpoint.id, 1);
  AttemptResult result = result_of(delivery, DeliveryState::dead_letter, clock.now());
  result.is_gone = true;
  record(std::move(result));
  EXPECT_EQ(load(endpoint.id).status, EndpointStatus::disabled);
  EXPECT_EQ(load(endpoint.id).disabled_reason, DisabledReason::gone);
  EXPECT_EQ(changed.load(), endpoint.id);
  const auto page = events.list(tenant, {}, {}, 10);
  ASSERT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->events[0].type, "webhook.endpoint.disabled");
  EXPECT_NE(page->events[0].payload.find(R"("disabled_reason":"gone")"), std::string::npos);
}

TEST_F(Recording, AnEndpointIsDisabledOnceWhateverOthersAnswer) {
  for (int i = 1; i <= 3; ++i) {
    AttemptResult result =
        result_of(insert_delivery(endpoint.id, i), DeliveryState::dead_letter, clock.now());
    result.is_gone = true;
    recorder.submit(std::move(result));
  }
  recorder.wait_until_written();
  EXPECT_EQ(events.list(tenant, {}, {}, 10)->events.size(), 1u);
}

TEST_F(Recording, WhatWasRemovedMeanwhileIsNoError) {
  const Delivery removed = insert_delivery(endpoint.id, 1);
  const Delivery other = insert_delivery(endpoint.id, 2);
  EXPECT_EQ(write([&](sql::Tx& tx) { return outbox::remove_of(tx, endpoint.id, 1); }), 1);
  recorder.submit(result_of(removed, DeliveryState::delivered, clock.now()));
  recorder.submit(result_of(other, DeliveryState::delivered, clock.now()));
  recorder.wait_until_written();
  EXPECT_TRUE(recorded.at(removed.id));
  EXPECT_FALSE(exists(removed));
  EXPECT_EQ(find(other).state, DeliveryState::delivered);
}

TEST_F(Recording, WithoutTheLeaseNothingIsWrittenAndTheCallerIsTold) {
  const Delivery delivery = insert_delivery(endpoint.id, 1);
  has_lease = false;
  record(result_of(delivery, DeliveryState::delivered, clock.now()));
  EXPECT_FALSE(recorded.at(delivery.id));
  EXPECT_EQ(find(delivery).state, DeliveryState::pending);
  EXPECT_EQ(attempts(delivery), 0u);
  EXPECT_FALSE(load(endpoint.id).last_success_at);
  has_lease = true;
  record(result_of(delivery, DeliveryState::delivered, clock.now()));
  EXPECT_TRUE(recorded.at(delivery.id));
  EXPECT_EQ(find(delivery).state, DeliveryState::delivered);
}

}  // namespace
}  // namespace florin::webhooks
