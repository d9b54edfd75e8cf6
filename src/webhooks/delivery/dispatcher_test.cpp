#include "webhooks/delivery/dispatcher.h"

#include <thread>

#include "platform/crypto/hash.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

const std::string endpoint_route = "/v1/webhook-endpoints/{id}";

class Dispatching : public WebhooksFixture {
 protected:
  /// An endpoint whose deliveries have one attempt.
  static void once(EndpointDraft& endpoint) { endpoint.policy.retry_delays_ms.clear(); }
  /// The only attempt of the only delivery, after it has ended so.
  Attempt only_attempt(DeliveryState state) {
    EXPECT_TRUE(wait_for(state, 1));
    const Delivery delivery = deliveries().at(0);
    const auto attempts = *database->read(
        [&](sql::Tx& tx) { return webhooks->deliveries().attempts(tx, tenant, delivery.id); });
    EXPECT_EQ(attempts.size(), 1u);
    EXPECT_EQ(attempts.at(0).error, delivery.last_error);
    EXPECT_EQ(attempts.at(0).status, delivery.last_status);
    return attempts.at(0);
  }
  /// Returns when the dispatcher has sent all that it may send: another endpoint got its event,
  /// which came later.
  void pass_marker(const Receiver& marker) {
    const std::size_t before = marker.received().size();
    emit("marker.sent");
    ASSERT_TRUE(marker.wait_for(before + 1));
  }
  static void only_markers(EndpointDraft& endpoint) {
    endpoint.selection.event_types = {"marker.sent"};
  }
  static void only_accounts(EndpointDraft& endpoint) {
    endpoint.selection.event_types = {"account.*"};
  }
};

TEST_F(Dispatching, AnAnswerThatDoesNotComeInTimeIsAnErrorOfItsOwn) {
  const Receiver receiver;
  create(receiver, [&](EndpointDraft& e) {
    once(e);
    e.url = receiver.url("/hang");
    e.policy.timeout_ms = 100;
  });
  emit();
  const Attempt attempt = only_attempt(DeliveryState::dead_letter);
  EXPECT_EQ(attempt.error, "answer_timed_out");
  EXPECT_FALSE(attempt.status);
  EXPECT_GE(attempt.duration_us, 100'000);
}

TEST_F(Dispatching, ARedirectIsNotFollowed) {
  const Receiver target;
  const Receiver receiver([&](const http::Request&) {
    return http::Response{307, "", "", {{"Location", target.url()}}};
  });
  create(receiver, once);
  emit();
  const Attempt attempt = only_attempt(DeliveryState::dead_letter);
  EXPECT_EQ(attempt.error, "redirect_refused");
  EXPECT_EQ(attempt.status, 307);
  EXPECT_NE(attempt.response_headers.find(target.url()), std::string::npos);
  EXPECT_TRUE(target.received().empty());
}

TEST_F(Dispatching, AnAddressWhereNothingListensIsAnErrorOfItsOwn) {
  const Receiver none;  // First, so that it does not get the port of the other.
  std::string url;
  {
    const Receiver receiver;
    url = receiver.url();
  }
  create(none, [&](EndpointDraft& e) {
    once(e);
    e.url = url;
  });
  emit();
  const Attempt attempt = only_attempt(DeliveryState::dead_letter);
  EXPECT_EQ(attempt.error, "connection_refused");
  EXPECT_EQ(attempt.response_body, "");
}

TEST_F(Dispatching, ALongAnswerIsASuccessWhoseBeginningIsKept) {
  const Receiver receiver(
      [](const http::Request&) { return http::Response::ok(std::string(200 * 1'024, 'x')); });
  create(receiver, once);
  emit();
  const Attempt attempt = only_attempt(DeliveryState::delivered);
  EXPECT_FALSE(attempt.error);
  EXPECT_EQ(attempt.response_body, std::string(4'096, 'x'));
  EXPECT_TRUE(attempt.is_truncated);
}

TEST_F(Dispatching, WhatIsSentAndAnsweredIsInTheLog) {
  const Receiver receiver([](const http::Request&) {
    return http::Response{202, R"({"taken":true})", "application/json", {{"X-Shop", "7"}}};
  });
  create(receiver, once);
  const EventId event = emit();
  const Attempt attempt = only_attempt(DeliveryState::delivered);
  EXPECT_EQ(attempt.number, 1);
  EXPECT_EQ(attempt.status, 202);
  EXPECT_EQ(attempt.response_body, R"({"taken":true})");
  EXPECT_FALSE(attempt.is_truncated);
  EXPECT_NE(attempt.request_headers.find(R"("webhook-id":")" + event.str()), std::string::npos);
  const auto headers = *json::parse(attempt.response_headers);
  bool has_header = false;
  for (const auto& [name, value] : *headers.as_object())
    has_header |= value.as_string() && *value.as_string() == "7";
  EXPECT_TRUE(has_header) << attempt.response_headers;
}

TEST_F(Dispatching, AnEndpointHasNoMoreAttemptsInProgressThanItsLimit) {
  Receiver receiver;
  const Receiver marker;
  create(receiver, [](EndpointDraft& e) {
    only_accounts(e);
    e.policy.max_concurrency = 3;
  });
  create(marker, only_markers);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  receiver.hang();
  for (int i = 0; i < 10; ++i) emit();
  ASSERT_TRUE(receiver.wait_for(1 + 3));
  pass_marker(marker);
  EXPECT_EQ(receiver.received().size(), 1u + 3u);
  receiver.release();
  ASSERT_TRUE(receiver.wait_for(11));
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 11 + 1));
  EXPECT_EQ(receiver.received().size(), 11u);
}

TEST_F(Dispatching, AnEndpointWithoutASuccessGetsTwoAttemptsAtATime) {
  Receiver receiver;
  const Receiver marker;
  create(receiver, only_accounts);
  create(marker, only_markers);
  receiver.hang();
  for (int i = 0; i < 5; ++i) emit();
  ASSERT_TRUE(receiver.wait_for(2));
  pass_marker(marker);
  EXPECT_EQ(receiver.received().size(), 2u);
  receiver.release();
  EXPECT_TRUE(receiver.wait_for(5));
}

TEST_F(Dispatching, StoppingWaitsForAttemptsInProgressAndWritesTheirResults) {
  Receiver receiver;
  create(receiver);
  receiver.hang();
  emit();
  ASSERT_TRUE(receiver.wait_for(1));
  std::thread stopping([&] { webhooks->end(); });
  receiver.release();
  stopping.join();
  const auto all = deliveries();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].state, DeliveryState::delivered);
  EXPECT_EQ(all[0].attempts, 1);
  ASSERT_TRUE(webhooks->begin());
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  EXPECT_EQ(receiver.received().size(), 2u) << "what was delivered is not sent again";
}

TEST_F(Dispatching, WhatIsDueWhenNobodyDeliversIsSentByTheNext) {
  const Receiver receiver;
  create(receiver);
  webhooks->end();
  webhooks->end();  // Twice is once.
  for (int i = 0; i < 3; ++i) emit();
  EXPECT_TRUE(deliveries().empty());
  ASSERT_TRUE(webhooks->begin());
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 3));
}

TEST_F(Dispatching, AnEndpointThatIsDeletedDuringAnAttemptGetsNoMore) {
  Receiver receiver;
  const Receiver marker;
  const Endpoint endpoint = create(receiver, only_accounts);
  create(marker, only_markers);
  receiver.hang();
  for (int i = 0; i < 5; ++i) emit();
  ASSERT_TRUE(receiver.wait_for(2));
  EXPECT_EQ(call("DELETE", endpoint_route, endpoint.id.str()).status, 204);
  receiver.release();
  pass_marker(marker);
  EXPECT_EQ(receiver.received().size(), 2u);
  EXPECT_TRUE(wait_until([&] {
    EXPECT_TRUE(run_job("webhooks.remove_old"));
    return deliveries({.endpoint = endpoint.id}).empty();
  }));
}

TEST_F(Dispatching, PendingDeliveriesGoOnWhenTheEndpointIsEnabledAgain) {
  Receiver receiver(Receiver::status(500));
  const Endpoint endpoint = create(receiver, [](EndpointDraft& e) {
    e.policy.retry_delays_ms = {1, 86'400'000};
  });
  emit();
  ASSERT_TRUE(wait_until([&] {
    const auto all = deliveries({.state = DeliveryState::failed});
    return all.size() == 1 && all[0].attempts == 2;
  }));
  const auto change = [&](const std::string& body) {
    EXPECT_EQ(call("PATCH", endpoint_route, endpoint.id.str(), body).status, 200);
  };
  change(R"({"status":"disabled"})");
  receiver.answer_with(Receiver::ok);
  change(R"({"status":"enabled"})");
  EXPECT_EQ(deliveries().at(0).state, DeliveryState::failed) << "it waits for its time";
  const EventId event = emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(deliveries({.state = DeliveryState::delivered}).at(0).event, event);
}

TEST_F(Dispatching, AChangedAddressHoldsForTheNextAttempt) {
  const Receiver before(Receiver::status(500));
  const Receiver after;
  const Endpoint endpoint = create(before, [](EndpointDraft& e) {
    e.policy.retry_delays_ms = {1, 1};
  });
  EXPECT_EQ(
      call("PATCH", endpoint_route, endpoint.id.str(), R"({"url":")" + after.url() + "\"}").status,
      200);
  emit();
  ASSERT_TRUE(after.wait_for(1));
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_TRUE(before.received().empty());
}

TEST_F(Dispatching, TheNewestSecretSignsAlone) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  const Secret old = secret_of(endpoint.id);
  EXPECT_EQ(
      call("POST", endpoint_route + "/rotate-secret", endpoint.id.str(), R"({"overlap_seconds":0})")
          .status,
      201);
  const Secret fresh = secret_of(endpoint.id);
  EXPECT_NE(old.reveal(), fresh.reveal());
  emit();
  ASSERT_TRUE(receiver.wait_for(1));
  const http::Request got = receiver.received().at(0);
  EXPECT_EQ(
      got.header("x-webhook-signature"),
      crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(hmac_key_of(fresh).reveal(), got.body))));
  const std::string signatures(*got.header("webhook-signature"));
  EXPECT_EQ(std::count(signatures.begin(), signatures.end(), ' '), 1) << signatures;
}

TEST_F(Dispatching, SeveralFailuresLeaveOneRetryADelivery) {
  std::atomic<int> calls{0};
  const Receiver receiver([&](const http::Request&) {
    return http::Response{calls++ < 6 ? 503 : 200, "{}"};
  });
  create(receiver, [](EndpointDraft& e) { e.policy.retry_delays_ms = {1, 1, 1, 1, 1, 1, 1, 1}; });
  for (int i = 0; i < 3; ++i) emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 3));
  int attempts = 0;
  for (const Delivery& one : deliveries()) attempts += one.attempts;
  EXPECT_EQ(attempts, 6 + 3);
  EXPECT_EQ(receiver.received().size(), 6u + 3u);
}

}  // namespace
}  // namespace florin::webhooks
