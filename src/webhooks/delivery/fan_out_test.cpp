#include "webhooks/delivery/fan_out.h"

#include <algorithm>

#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

class FanningOut : public WebhooksFixture {
 protected:
  static constexpr TenantId other_tenant{2};

  EventId cursor() {
    return *database->read([](sql::Tx& tx) { return outbox::cursor(tx); });
  }
  void set_cursor(EventId event) {
    EXPECT_TRUE(database->write([&](sql::Tx& tx) { return outbox::set_cursor(tx, event); }));
  }
  std::size_t replays() {
    return database->read([](sql::Tx& tx) { return outbox::replays(tx); })->size();
  }
  void replay(EndpointId endpoint, const std::string& body) {
    EXPECT_EQ(call("POST", "/v1/webhook-endpoints/{id}/replay", endpoint.str(), body).status, 202);
  }
};

TEST_F(FanningOut, EventsThatNobodyWantsMoveTheCursorToo) {
  const EventId event = emit();
  EXPECT_TRUE(wait_until([&] { return cursor() == event; }));
  EXPECT_TRUE(deliveries().empty());
}

TEST_F(FanningOut, EachEndpointThatWantsAnEventGetsItOnce) {
  const Receiver first;
  const Receiver second;
  const Receiver third;
  create(first);
  create(second, [](EndpointDraft& e) { e.selection.event_types = {"account.*"}; });
  create(third, [](EndpointDraft& e) { e.selection.event_types = {"hold.*"}; });
  const EventId event = emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  EXPECT_EQ(deliveries({.event = event}).size(), 2u);
  EXPECT_EQ(cursor(), event) << "in the commit of the deliveries";
  emit("hold.created");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 4));
  EXPECT_EQ(first.received().size(), 2u);
  EXPECT_EQ(second.received().size(), 1u);
  EXPECT_EQ(third.received().size(), 1u);
}

TEST_F(FanningOut, OtherTenantsHearNothing) {
  const Receiver ours;
  const Receiver theirs;
  create(ours);
  create(theirs, [](EndpointDraft& e) { e.tenant = other_tenant; });
  emit();
  emit("account.created", "{}", "acc_2", other_tenant);
  ASSERT_TRUE(ours.wait_for(1));
  ASSERT_TRUE(theirs.wait_for(1));
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries().size(), 1u);
  EXPECT_EQ(ours.received().size(), 1u);
  EXPECT_EQ(theirs.received().size(), 1u);
  EXPECT_NE(theirs.received().at(0).body.find("acc_2"), std::string::npos);
}

TEST_F(FanningOut, EventsThatAreReadAgainAreNotDeliveredAgain) {
  const Receiver receiver;
  create(receiver);
  std::vector<EventId> all;
  for (int i = 0; i < 3; ++i) all.push_back(emit());
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 3));
  webhooks->end();
  set_cursor(EventId());  // As before their commit.
  const EventId last = emit();
  ASSERT_TRUE(webhooks->begin());
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 4));
  EXPECT_EQ(deliveries().size(), 4u);
  EXPECT_EQ(receiver.received().size(), 4u);
  EXPECT_EQ(cursor(), last);
}

TEST_F(FanningOut, TheFilterLooksIntoThePayload) {
  const Receiver receiver;
  create(receiver, [](EndpointDraft& e) {
    e.selection.filter = {{"data.currency", {"KZT", "USD"}}, {"data.amount", {5}}};
  });
  emit("account.created", R"({"currency":"EUR","amount":5})");
  emit("account.created", R"({"currency":"KZT","amount":6})");
  emit("account.created", R"({"amount":5})");
  const EventId wanted = emit("account.created", R"({"currency":"USD","amount":5})");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries().size(), 1u);
  EXPECT_EQ(deliveries().at(0).event, wanted);
}

TEST_F(FanningOut, TheOrderKeyIsKeptWithTheDelivery) {
  const Receiver receiver;
  create(receiver, [](EndpointDraft& e) { e.policy.order_by = "data.account"; });
  const EventId with_key = emit("account.created", R"({"account":"a"})");
  const EventId without_key = emit("account.created", R"({"other":"a"})");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  EXPECT_EQ(deliveries({.event = with_key}).at(0).order_key, "\"a\"");
  EXPECT_FALSE(deliveries({.event = without_key}).at(0).order_key);
}

TEST_F(FanningOut, WhileOneOfAKeyIsRetriedTheNextIsHeld) {
  Receiver receiver(Receiver::status(500));
  create(receiver, [](EndpointDraft& e) {
    e.policy.order_by = "subject";
    e.policy.retry_delays_ms = {86'400'000};
  });
  const EventId first = emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  receiver.answer_with(Receiver::ok);
  const EventId held = emit();
  emit("account.created", "{}", "acc_other");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries({.event = first}).at(0).state, DeliveryState::failed);
  EXPECT_EQ(deliveries({.event = held}).at(0).next_attempt_at, Delivery::held);
  EXPECT_EQ(receiver.received().size(), 2u);
}

TEST_F(FanningOut, AReplaySinceATimeKeepsSelectionAndOrder) {
  const Receiver receiver;
  std::vector<std::string> wanted;
  for (int i = 0; i < 4; ++i) {
    wanted.push_back(emit("account.created").str());
    emit("hold.created");
  }
  const Endpoint endpoint = create(receiver, [](EndpointDraft& e) {
    e.selection.event_types = {"account.*"};
    e.policy.order_by = "subject";
  });
  replay(endpoint.id, R"({"since":"2020-01-02T00:00:00Z"})");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 4));
  ASSERT_TRUE(wait_until([&] { return replays() == 0; }));
  std::vector<std::string> arrived;
  for (const auto& request : receiver.received())
    arrived.emplace_back(*request.header("webhook-id"));
  EXPECT_EQ(arrived, wanted);
  const auto all = deliveries();
  EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](const Delivery& one) {
    return one.is_replay && one.event_type == "account.created";
  }));
}

TEST_F(FanningOut, AReplayOfNothingEnds) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  replay(endpoint.id, R"({"since":"2100-01-01T00:00:00Z"})");
  replay(endpoint.id, R"({"failed":true})");
  EXPECT_TRUE(wait_until([&] { return replays() == 0; }));
  EXPECT_TRUE(deliveries().empty());
}

TEST_F(FanningOut, AReplayOfADeletedEndpointEnds) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  webhooks->end();
  replay(endpoint.id, R"({"since":"2020-01-02T00:00:00Z"})");
  EXPECT_EQ(replays(), 1u);
  EXPECT_EQ(call("DELETE", "/v1/webhook-endpoints/{id}", endpoint.id.str()).status, 204);
  ASSERT_TRUE(webhooks->begin());
  EXPECT_TRUE(wait_until([&] { return replays() == 0; }));
  EXPECT_EQ(receiver.received().size(), 1u);
}

TEST_F(FanningOut, AReplayGoesOnAfterARestart) {
  const Receiver receiver;
  constexpr std::size_t count = 450;  // Of more than two pieces.
  EXPECT_TRUE(database->write_work([&](sql::Tx& tx) -> Result<void> {
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(events.append(tx, {tenant, "a.b", "x", "{}", "system", "", clock.now()}));
    return {};
  }));
  const Endpoint endpoint = create(receiver);
  replay(endpoint.id, R"({"since":"2020-01-02T00:00:00Z"})");
  restart();
  ASSERT_TRUE(wait_until([&] { return replays() == 0; }));
  ASSERT_TRUE(receiver.wait_for(count));
  std::set<std::string> ids_seen;
  for (const auto& request : receiver.received()) ids_seen.emplace(*request.header("webhook-id"));
  EXPECT_EQ(ids_seen.size(), count);
}

}  // namespace
}  // namespace florin::webhooks
