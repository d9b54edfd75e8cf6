#include <algorithm>

#include "webhooks/errors.h"
#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

const std::string endpoints = "/v1/webhook-endpoints";
const std::string endpoint = "/v1/webhook-endpoints/{id}";
const std::string deliveries_route = "/v1/webhook-deliveries";
const std::string delivery_route = "/v1/webhook-deliveries/{id}";

class WebhookRoutes : public WebhooksFixture {
 protected:
  static std::string text(const json::Value& document, std::string_view name) {
    const json::Value* value = document.find(name);
    return value && value->as_string() ? *value->as_string() : "";
  }
  static std::vector<std::string> ids_of(const Answered& page) {
    std::vector<std::string> found;
    for (const json::Value& row : *page.body.find("data")->as_array())
      found.push_back(text(row, "id"));
    return found;
  }
  std::string made() {
    return text(call("POST", endpoints, "", R"({"url":"http://127.0.0.1:9/in"})").body, "id");
  }
  /// A delivery that was given up.
  Delivery dead_letter() {
    const Receiver receiver(Receiver::status(500));
    create(receiver, [](EndpointDraft& e) { e.policy.retry_delays_ms.clear(); });
    emit();
    EXPECT_TRUE(wait_for(DeliveryState::dead_letter, 1));
    return deliveries().at(0);
  }
};

TEST_F(WebhookRoutes, EndpointsArePaged) {
  std::vector<std::string> all;
  for (int i = 0; i < 3; ++i) all.insert(all.begin(), made());
  EXPECT_EQ(ids_of(call("GET", endpoints)), all);
  const auto first = call("GET", endpoints, "", "", "limit=2");
  EXPECT_EQ(ids_of(first), (std::vector{all[0], all[1]}));
  EXPECT_EQ(*first.body.find("has_more")->as_bool(), true);
  const auto last = call("GET", endpoints, "", "", "cursor=" + text(first.body, "next_cursor"));
  EXPECT_EQ(ids_of(last), std::vector{all[2]});
  EXPECT_EQ(*last.body.find("has_more")->as_bool(), false);
  EXPECT_TRUE(last.body.find("next_cursor")->is_null());
}

TEST_F(WebhookRoutes, DeliveriesArePagedAndFilteredByTheirCreation) {
  const Receiver receiver;
  create(receiver);
  for (int i = 0; i < 3; ++i) emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 3));
  const auto all = ids_of(call("GET", deliveries_route));
  ASSERT_EQ(all.size(), 3u);
  const auto first = call("GET", deliveries_route, "", "", "limit=1");
  EXPECT_EQ(ids_of(first), std::vector{all[0]});
  const auto rest =
      call("GET", deliveries_route, "", "", "cursor=" + text(first.body, "next_cursor"));
  EXPECT_EQ(ids_of(rest), (std::vector{all[1], all[2]}));
  EXPECT_EQ(ids_of(call("GET", deliveries_route, "", "", "created_after=2020-01-02T00:00:00Z")),
            all);
  for (const std::string query :
       {"created_after=2100-01-01T00:00:00Z", "created_before=2020-01-02T00:00:00Z"})
    EXPECT_TRUE(ids_of(call("GET", deliveries_route, "", "", query)).empty()) << query;
  for (const std::string query : {"created_after=yesterday", "created_before=5"}) {
    const auto refused = call("GET", deliveries_route, "", "", query);
    ASSERT_EQ(refused.code, "validation_failed");
    EXPECT_EQ(refused.fields[0].rule, "must_be_timestamp");
  }
}

TEST_F(WebhookRoutes, BodiesThatAreNoJsonAreRefusedAndMissingOnesAreEmptyObjects) {
  const std::string id = made();
  EXPECT_EQ(call("POST", endpoints, "", "{").code, "malformed_json");
  EXPECT_EQ(call("PATCH", endpoint, id, "[").code, "malformed_json");
  EXPECT_EQ(call("POST", endpoint + "/rotate-secret", id, "nope").code, "malformed_json");
  EXPECT_EQ(call("POST", endpoint + "/replay", id, "\"").code, "malformed_json");
  EXPECT_EQ(call("POST", endpoints, "", "").fields.at(0).pointer, "/url");
  EXPECT_EQ(call("PATCH", endpoint, id, "").status, 200);
  EXPECT_EQ(call("POST", endpoint + "/rotate-secret", id, "").status, 201);
  EXPECT_EQ(call("POST", endpoints, "", "[]").fields.at(0).rule, "wrong_type");
}

TEST_F(WebhookRoutes, AnEmptyChangeChangesNothingButItsTime) {
  const auto before = call("POST", endpoints, "", R"({"url":"http://127.0.0.1:9/in",
      "filter":{"data.a":[1,2]},"order_by":"subject","retry_delays_ms":[]})");
  const auto after = call("PATCH", endpoint, text(before.body, "id"), "{}");
  ASSERT_EQ(after.status, 200);
  for (const auto& [name, value] : *before.body.as_object()) {
    if (name == "updated_at") continue;
    EXPECT_EQ(*after.body.find(name), value) << name;
  }
}

TEST_F(WebhookRoutes, EveryRouteOfOneEndpointKnowsThoseThatAreNotThere) {
  const std::string deleted = made();
  EXPECT_EQ(call("DELETE", endpoint, deleted).status, 204);
  const std::string other = made();
  const std::vector<std::tuple<std::string, std::string, std::string>> routes{
      {"GET", endpoint, ""},
      {"PATCH", endpoint, "{}"},
      {"DELETE", endpoint, ""},
      {"GET", endpoint + "/secrets", ""},
      {"POST", endpoint + "/rotate-secret", "{}"},
      {"POST", endpoint + "/test", ""},
      {"POST", endpoint + "/replay", R"({"failed":true})"}};
  for (const auto& [method, route, body] : routes) {
    EXPECT_EQ(call(method, route, deleted, body).code, "webhook_endpoint_not_found") << route;
    EXPECT_EQ(call(method, route, "whd_0000000000001", body).code, "webhook_endpoint_not_found");
    EXPECT_EQ(call(method, route, other, body, "", {2}).code, "webhook_endpoint_not_found")
        << method << route << " of another tenant";
  }
  EXPECT_EQ(call("GET", endpoint, other).status, 200);
}

TEST_F(WebhookRoutes, ADeliveryIsShownWithItsAttempts) {
  const Delivery delivery = dead_letter();
  const auto shown = call("GET", delivery_route, delivery.id.str());
  ASSERT_EQ(shown.status, 200);
  EXPECT_EQ(text(shown.body, "state"), "DEAD_LETTER");
  EXPECT_EQ(text(shown.body, "last_error"), "bad_status");
  const json::Array& log = *shown.body.find("attempt_log")->as_array();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(*log[0].find("status")->as_integer(), 500);
  EXPECT_EQ(call("GET", delivery_route, delivery.id.str(), "", "", {2}).code,
            "webhook_delivery_not_found");
  EXPECT_EQ(call("POST", delivery_route + "/replay", delivery.id.str(), "", "", {2}).code,
            "webhook_delivery_not_found");
}

TEST_F(WebhookRoutes, ADeliveryOfAnEndpointThatIsDisabledOrDeletedIsNotReplayed) {
  const Delivery delivery = dead_letter();
  const std::string owner = delivery.endpoint.str();
  EXPECT_EQ(call("PATCH", endpoint, owner, R"({"status":"disabled"})").status, 200);
  EXPECT_EQ(call("POST", delivery_route + "/replay", delivery.id.str()).code,
            "webhook_endpoint_disabled");
  EXPECT_EQ(call("DELETE", endpoint, owner).status, 204);
  EXPECT_EQ(call("POST", delivery_route + "/replay", delivery.id.str()).code,
            "webhook_endpoint_not_found");
  EXPECT_EQ(deliveries().size(), 1u);
}

TEST_F(WebhookRoutes, AReplayOfOneIsANewDeliveryOfTheSameEvent) {
  const Delivery dead = dead_letter();
  const auto replayed = call("POST", delivery_route + "/replay", dead.id.str());
  ASSERT_EQ(replayed.status, 202);
  EXPECT_NE(text(replayed.body, "id"), dead.id.str());
  EXPECT_EQ(text(replayed.body, "event_id"), dead.event.str());
  EXPECT_EQ(text(replayed.body, "state"), "PENDING");
  EXPECT_EQ(*replayed.body.find("is_replay")->as_bool(), true);
  const auto first = call("GET", delivery_route, dead.id.str());
  EXPECT_FALSE(first.body.find("replayed_at")->is_null());
}

TEST_F(WebhookRoutes, DisablingAndEnablingAreShownAndWrittenAsEvents) {
  const std::string id = made();
  const auto change = [&](const std::string& status) {
    return call("PATCH", endpoint, id, R"({"status":")" + status + "\"}").body;
  };
  EXPECT_EQ(text(change("disabled"), "disabled_reason"), "by_request");
  EXPECT_EQ(text(change("disabled"), "disabled_reason"), "by_request") << "again";
  const auto enabled = change("enabled");
  EXPECT_EQ(text(enabled, "status"), "enabled");
  EXPECT_TRUE(enabled.find("disabled_reason")->is_null());
  const auto page = events.list(tenant, {}, {}, 10);
  std::vector<std::string> types;
  for (const auto& event : page->events) types.push_back(event.type);
  EXPECT_EQ(types,
            (std::vector<std::string>{"webhook.endpoint.updated", "webhook.endpoint.updated",
                                      "webhook.endpoint.disabled", "webhook.endpoint.created"}));
  EXPECT_EQ(page->events[0].actor, "key_1");
  EXPECT_EQ(page->events[0].subject, id);
}

TEST_F(WebhookRoutes, SecretsAreListedOldestFirstWithWhatVerifiesThem) {
  const std::string id = made();
  EXPECT_EQ(
      call("POST", endpoint + "/rotate-secret", id, R"({"secret":"a secret of the receiver"})")
          .status,
      201);
  const auto listed = call("GET", endpoint + "/secrets", id);
  const json::Array& all = *listed.body.find("data")->as_array();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_TRUE(text(all[0], "secret").starts_with("whsec_"));
  EXPECT_TRUE(all[0].find("public_key")->is_null());
  EXPECT_TRUE(all[1].find("secret")->is_null()) << "the private half is never shown";
  EXPECT_TRUE(text(all[1], "public_key").starts_with("whpk_"));
  EXPECT_EQ(text(all[2], "secret"), "a secret of the receiver");
}

class WebhookMaintenance : public WebhookRoutes {
 protected:
  void restart_with(const std::function<void(Settings&)>& change) {
    Settings settings = settings_of_tests();
    change(settings);
    restart(settings);
  }
};

TEST_F(WebhookMaintenance, AnEndpointThatHasRecoveredIsNotDisabled) {
  restart_with([](Settings& settings) { settings.disable_after_s = 0; });
  std::atomic<int> calls{0};
  const Receiver receiver([&](const http::Request&) {
    return http::Response{calls++ == 0 ? 500 : 200, "{}"};
  });
  const Endpoint made = create(receiver);
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 1));
  EXPECT_EQ(*run_job("webhooks.disable_failing"), "");
  EXPECT_EQ(read(made.id).status, EndpointStatus::enabled);
  EXPECT_FALSE(read(made.id).failing_since);
  EXPECT_TRUE(read(made.id).last_failure_at);
}

TEST_F(WebhookMaintenance, AnEndpointIsDisabledAfterItsTimeAlone) {
  const Delivery delivery = dead_letter();
  EXPECT_EQ(*run_job("webhooks.disable_failing"), "") << "five days have not passed";
  restart_with([](Settings& settings) { settings.disable_after_s = 0; });
  EXPECT_EQ(*run_job("webhooks.disable_failing"), "1 endpoints disabled");
  EXPECT_EQ(*run_job("webhooks.disable_failing"), "") << "once";
  EXPECT_EQ(read(delivery.endpoint).disabled_reason, DisabledReason::failing);
  const auto page = events.list(tenant, {.type = "webhook.endpoint.disabled"}, {}, 10);
  ASSERT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->events[0].actor, "system");
}

TEST_F(WebhookMaintenance, RetentionKeepsWhatIsYoungAndWhatIsOpen) {
  dead_letter();
  EXPECT_EQ(*run_job("webhooks.remove_old"), "");
  const Receiver failing(Receiver::status(500));
  create(failing, [](EndpointDraft& e) { e.policy.retry_delays_ms = {86'400'000}; });
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 2));
  // Retention of less than nothing: all that has ended is past it.
  restart_with([](Settings& settings) { settings.retention_days = -1; });
  EXPECT_EQ(*run_job("webhooks.remove_old"), "2 deliveries removed");
  EXPECT_EQ(deliveries().size(), 1u);
  EXPECT_EQ(deliveries().at(0).state, DeliveryState::failed);
}

TEST_F(WebhookMaintenance, ExpiredSecretsAreRemoved) {
  const std::string id = made();
  EXPECT_EQ(call("POST", endpoint + "/rotate-secret", id, R"({"overlap_seconds":0})").status, 201);
  const auto count = [&] {
    std::int64_t rows = 0;
    EXPECT_TRUE(database->read([&](sql::Tx& tx) {
      static constexpr sql::Query all{"test.secrets", "SELECT count(*) FROM webhook_secrets"};
      return tx.query(all, {}, [&](const sql::Row& row) {
        rows = row.integer(0);
        return false;
      });
    }));
    return rows;
  };
  EXPECT_EQ(count(), 3);
  EXPECT_TRUE(run_job("webhooks.remove_old"));
  EXPECT_EQ(count(), 2);
}

TEST_F(WebhookMaintenance, TheBacklogIsMeasured) {
  const Receiver failing(Receiver::status(500));
  create(failing, [](EndpointDraft& e) { e.policy.retry_delays_ms = {86'400'000}; });
  EXPECT_TRUE(run_job("webhooks.measure_backlog"));
  EXPECT_NE(metrics.expose().find("florin_webhooks_backlog_age_seconds 0"), std::string::npos);
  for (int i = 0; i < 3; ++i) emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 3));
  EXPECT_TRUE(run_job("webhooks.measure_backlog"));
  EXPECT_NE(metrics.expose().find("florin_webhooks_backlog 3"), std::string::npos);
}

}  // namespace
}  // namespace florin::webhooks
