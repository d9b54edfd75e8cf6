#include <set>

#include "platform/crypto/hash.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

class Delivering : public WebhooksFixture {};

TEST_F(Delivering, AnEventArrivesSignedAsItIsStored) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  const EventId event = emit("account.created", R"({"code":"é"})");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  const http::Request got = receiver.received().at(0);
  EXPECT_EQ(got.body, (*events.find(tenant, event))->payload);
  EXPECT_EQ(got.header("webhook-id"), event.str());
  EXPECT_EQ(got.header("content-type"), "application/json");
  const std::string key(hmac_key_of(secret_of(endpoint.id)).reveal());
  EXPECT_EQ(got.header("x-webhook-signature"),
            crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(key, got.body))));
  EXPECT_TRUE(got.header("webhook-signature")->starts_with("v1,"));
  EXPECT_NE(got.header("webhook-signature")->find(" v1a,"), std::string_view::npos);
}

TEST_F(Delivering, AFailureIsTriedAgainAndDeliveredOnce) {
  std::atomic<int> calls{0};
  const Receiver receiver([&](const http::Request&) {
    return http::Response{calls++ == 0 ? 500 : 200, "{}"};
  });
  create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  const Delivery delivery = deliveries().at(0);
  EXPECT_EQ(delivery.attempts, 2);
  EXPECT_EQ(receiver.received().size(), 2u);
  const auto attempts = *database->read(
      [&](sql::Tx& tx) { return webhooks->deliveries().attempts(tx, tenant, delivery.id); });
  ASSERT_EQ(attempts.size(), 2u);
  EXPECT_EQ(attempts[0].status, 200);
  EXPECT_EQ(attempts[1].status, 500);
  EXPECT_EQ(attempts[1].error, "bad_status");
  EXPECT_NE(attempts[1].request_headers.find("webhook-signature"), std::string::npos);
}

TEST_F(Delivering, AfterTheLastAttemptItIsADeadLetterAndCanBeReplayed) {
  Receiver receiver(Receiver::status(500));
  const Endpoint endpoint = create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1));
  const Delivery dead = deliveries().at(0);
  EXPECT_EQ(dead.attempts, 3);
  EXPECT_EQ(dead.last_status, 500);
  receiver.answer_with(Receiver::ok);
  EXPECT_EQ(call("POST", "/v1/webhook-deliveries/{id}/replay", dead.id.str()).status, 202);
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(receiver.received().size(), 4u);
  const auto all = deliveries();
  EXPECT_TRUE(all.at(0).is_replay);
  EXPECT_EQ(all.at(0).event, dead.event);
  EXPECT_TRUE(all.at(1).replayed_at);
  EXPECT_EQ(read(endpoint.id).status, EndpointStatus::enabled);
}

TEST_F(Delivering, AllFailedAreReplayedOnce) {
  Receiver receiver(Receiver::status(500));
  const Endpoint endpoint = create(receiver);
  for (int i = 0; i < 5; ++i) emit();
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 5));
  receiver.answer_with(Receiver::ok);
  const std::string route = "/v1/webhook-endpoints/{id}/replay";
  EXPECT_EQ(call("POST", route, endpoint.id.str(), R"({"failed":true})").status, 202);
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 5));
  EXPECT_EQ(call("POST", route, endpoint.id.str(), R"({"failed":true})").status, 202);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 6));
  EXPECT_EQ(deliveries({.state = DeliveryState::delivered}).size(), 6u);
}

TEST_F(Delivering, EverythingSinceATimeIsReplayedAlsoWhatWasBeforeTheEndpoint) {
  emit("account.created", "{}", "before");
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  emit("account.created", "{}", "after");
  emit("hold.created");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  EXPECT_EQ(call("POST", "/v1/webhook-endpoints/{id}/replay", endpoint.id.str(),
                 R"({"since":"2020-01-02T00:00:00Z"})")
                .status,
            202);
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 5));
  EXPECT_EQ(deliveries().size(), 5u);
}

TEST_F(Delivering, GoneDisablesTheEndpointAndTellsOthers) {
  const Receiver receiver(Receiver::status(410));
  const Receiver watcher;
  const Endpoint endpoint = create(receiver);
  create(watcher,
         [](EndpointDraft& e) { e.selection.event_types = {"webhook.endpoint.disabled"}; });
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1));
  ASSERT_TRUE(watcher.wait_for(1));
  const Endpoint now = read(endpoint.id);
  EXPECT_EQ(now.status, EndpointStatus::disabled);
  EXPECT_EQ(now.disabled_reason, DisabledReason::gone);
  EXPECT_NE(watcher.received().at(0).body.find("webhook.endpoint.disabled"), std::string::npos);
}

TEST_F(Delivering, AHangingEndpointDelaysNoOther) {
  const Receiver receiver;
  create(receiver, [&](EndpointDraft& e) { e.url = receiver.url("/hang"); });
  const Receiver healthy;
  const Endpoint quick = create(healthy);
  for (int i = 0; i < 50; ++i) emit();
  ASSERT_TRUE(healthy.wait_for(50));
  EXPECT_TRUE(wait_until([&] {
    return deliveries({.endpoint = quick.id, .state = DeliveryState::delivered}).size() == 50;
  }));
  EXPECT_LE(receiver.received().size(), 8u);  // Its share of attempts at one time.
}

TEST_F(Delivering, OneKeyKeepsItsOrderThroughFailures) {
  std::mutex mutex;
  std::set<std::string> failed;
  const Receiver receiver([&](const http::Request& request) {
    const std::lock_guard lock(mutex);
    return http::Response{
        failed.insert(std::string(*request.header("webhook-id"))).second ? 503 : 200, "{}"};
  });
  create(receiver, [](EndpointDraft& e) { e.policy.order_by = "data.key"; });
  std::vector<std::string> sent;
  for (int i = 0; i < 6; ++i) sent.push_back(emit("account.updated", R"({"key":"k"})").str());
  emit("account.updated", R"({"key":"other"})");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 7));
  std::vector<std::string> arrived;
  std::set<std::string> seen;
  for (const auto& request : receiver.received()) {
    const std::string id(*request.header("webhook-id"));
    const bool is_second = !seen.insert(id).second;
    if (is_second && request.body.find("other") == std::string::npos) arrived.push_back(id);
  }
  EXPECT_EQ(arrived, sent);
}

TEST_F(Delivering, WhatWaitsSurvivesARestart) {
  Receiver receiver(Receiver::status(500));
  create(receiver, [](EndpointDraft& e) { e.policy.retry_delays_ms = {60'000}; });
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  webhooks.reset();
  const EventId meanwhile = emit();
  receiver.answer_with(Receiver::ok);
  restart();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries({.event = meanwhile}).at(0).state, DeliveryState::delivered);
  EXPECT_EQ(deliveries({.state = DeliveryState::failed}).size(), 1u);
}

TEST_F(Delivering, MoreThanFitsIntoMemoryArrivesOnce) {
  const Receiver receiver;
  create(receiver, [](EndpointDraft& e) { e.policy.max_concurrency = 4; });
  constexpr std::size_t count = 1'500;
  EXPECT_TRUE(database->write_work([&](sql::Tx& tx) -> Result<void> {
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_TRUE(events.append(tx, {tenant, "a.b", "x", "{}", "system", "", clock.now()}));
    return {};
  }));
  ASSERT_TRUE(receiver.wait_for(count));
  ASSERT_TRUE(wait_until([&] { return deliveries({.state = DeliveryState::pending}).empty(); }));
  std::set<std::string> ids_seen;
  for (const auto& request : receiver.received()) ids_seen.emplace(*request.header("webhook-id"));
  EXPECT_EQ(ids_seen.size(), count);
  EXPECT_EQ(receiver.received().size(), count);
}

TEST_F(Delivering, RetryAfterIsHonoured) {
  const Receiver receiver([](const http::Request&) {
    return http::Response{429, "{}", "application/json", {{"Retry-After", "3000"}}};
  });
  create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  EXPECT_GT(deliveries().at(0).next_attempt_at, clock.now().plus_seconds(2'000));
}

TEST_F(Delivering, NothingIsSentToAnEndpointThatIsDisabledUntilItIsEnabled) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  const std::string route = "/v1/webhook-endpoints/{id}";
  EXPECT_EQ(call("PATCH", route, endpoint.id.str(), R"({"status":"disabled"})").status, 200);
  emit();
  EXPECT_EQ(call("PATCH", route, endpoint.id.str(), R"({"status":"enabled"})").status, 200);
  const EventId after = emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries().size(), 1u);
  EXPECT_EQ(deliveries().at(0).event, after);
}

TEST_F(Delivering, AnEndpointHearsOfWhatHappensRightAfterItWasMade) {
  const Receiver receiver;
  constexpr int rounds = 40;
  for (int i = 0; i < rounds; ++i) {
    const std::string type = "round.number_" + std::to_string(i);
    emit(type);  // Not for it.
    create(receiver, [&](EndpointDraft& e) { e.selection.event_types = {type}; });
    emit(type);
  }
  ASSERT_TRUE(wait_for(DeliveryState::delivered, rounds));
  EXPECT_EQ(deliveries().size(), static_cast<std::size_t>(rounds));
}

TEST_F(Delivering, AnOutcomeThatCannotBeWrittenIsWrittenLaterAndNotSentAgain) {
  if (database->dialect() != sql::Dialect::sqlite) GTEST_SKIP() << "SQLite's file is filled";
  const auto limit_pages = [&](const std::string& most) {
    EXPECT_TRUE(database->write(
        [&](sql::Tx& tx) { return tx.exec_script("PRAGMA max_page_count = " + most); }));
  };
  const Receiver receiver([&](const http::Request&) {
    limit_pages("1");  // No new page: the database is full.
    return http::Response{200, std::string(4'000, 'x')};
  });
  create(receiver);
  emit();
  ASSERT_TRUE(wait_until([&] { return database->write_stats().failed_units > 0; }));
  limit_pages("1000000");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(receiver.received().size(), 1u);
}

TEST_F(Delivering, HangingEndpointsTogetherLeaveRoomForThoseThatAnswer) {
  Settings settings = settings_of_tests();
  settings.max_in_flight = 8;
  restart(settings);
  const Receiver receiver;
  create(receiver);
  emit();
  ASSERT_TRUE(receiver.wait_for(1));
  const Receiver hanging;
  for (int i = 0; i < 6; ++i) {
    create(hanging, [&](EndpointDraft& e) {
      e.url = hanging.url("/hang");
      e.policy.timeout_ms = 60'000;
    });
  }
  for (int i = 0; i < 40; ++i) emit();
  ASSERT_TRUE(receiver.wait_for(41));
  EXPECT_LE(hanging.received().size(), 4u);
}

TEST_F(Delivering, MetricsTellOfAttemptsLagAndBacklog) {
  const Receiver receiver(Receiver::status(500));
  create(receiver, [](EndpointDraft& e) { e.policy.retry_delays_ms = {60'000}; });
  const Receiver other;
  create(other);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  EXPECT_TRUE(run_job("webhooks.measure_backlog"));
  const std::string text = metrics.expose();
  for (const std::string_view line :
       {"florin_webhooks_attempts_total{outcome=\"delivered\"} 1",
        "florin_webhooks_attempts_total{outcome=\"failed\"} 1",
        "florin_webhooks_lag_seconds_count 1", "florin_webhooks_backlog 1",
        "florin_webhooks_attempt_seconds_count 2"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

TEST_F(Delivering, FailingForDaysDisablesTheEndpoint) {
  Settings settings = settings_of_tests();
  settings.disable_after_s = 0;
  restart(settings);
  const Receiver receiver(Receiver::status(500));
  const Endpoint endpoint = create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1));
  EXPECT_EQ(*run_job("webhooks.disable_failing"), "1 endpoints disabled");
  EXPECT_EQ(read(endpoint.id).disabled_reason, DisabledReason::failing);
}

TEST_F(Delivering, RetentionRemovesWhatIsOldAndWhatWasDeleted) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(*run_job("webhooks.remove_old"), "");
  EXPECT_EQ(call("DELETE", "/v1/webhook-endpoints/{id}", endpoint.id.str()).status, 204);
  EXPECT_EQ(*run_job("webhooks.remove_old"), "1 deliveries removed");
  EXPECT_EQ(*run_job("webhooks.remove_old"), "");
  EXPECT_TRUE(deliveries().empty());
}

}  // namespace
}  // namespace florin::webhooks
