#include "webhooks/delivery/fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "platform/json/value.h"
#include "webhooks/delivery/retry_decision.h"

namespace florin::webhooks {
namespace {

constexpr Timestamp now{1'700'000'000'000'000};

Delivery delivery_in(DeliveryState state) {
  Delivery delivery;
  delivery.id = {1};
  delivery.endpoint = {2};
  delivery.event = {3};
  delivery.event_type = "account.created";
  delivery.state = state;
  delivery.next_attempt_at = delivery.created_at = now;
  return delivery;
}

const json::Value& member(const json::Value& document, std::string_view name) {
  static const json::Value none;
  const json::Value* found = document.find(name);
  EXPECT_NE(found, nullptr) << name;
  return found ? *found : none;
}

TEST(DeliveryFields, ShowADelivery) {
  Delivery delivery = delivery_in(DeliveryState::failed);
  delivery.attempts = 2;
  delivery.last_status = 503;
  delivery.last_error = "bad_status";
  const auto shown = *json::parse(to_json(delivery));
  EXPECT_EQ(member(shown, "id"), json::Value(delivery.id.str()));
  EXPECT_EQ(member(shown, "endpoint_id"), json::Value(delivery.endpoint.str()));
  EXPECT_EQ(member(shown, "event_id"), json::Value(delivery.event.str()));
  EXPECT_EQ(member(shown, "state"), json::Value("FAILED"));
  EXPECT_EQ(member(shown, "attempts"), json::Value(std::int64_t{2}));
  EXPECT_EQ(member(shown, "next_attempt_at"), json::Value(now.rfc3339()));
  EXPECT_EQ(member(shown, "last_status"), json::Value(std::int64_t{503}));
  EXPECT_EQ(member(shown, "last_error"), json::Value("bad_status"));
  EXPECT_EQ(member(shown, "last_reason"), json::Value(describe_error("bad_status", 503)));
  EXPECT_TRUE(member(shown, "order_key").is_null());
  EXPECT_TRUE(member(shown, "delivered_at").is_null());
  EXPECT_EQ(shown.find("attempt_log"), nullptr);
}

TEST(DeliveryFields, ANextAttemptIsShownOnlyWhereItsTimeIsKnown) {
  for (const DeliveryState state : {DeliveryState::pending, DeliveryState::failed})
    EXPECT_FALSE(member(*json::parse(to_json(delivery_in(state))), "next_attempt_at").is_null());
  for (const DeliveryState state : {DeliveryState::delivered, DeliveryState::dead_letter})
    EXPECT_TRUE(member(*json::parse(to_json(delivery_in(state))), "next_attempt_at").is_null());
  Delivery held = delivery_in(DeliveryState::pending);
  held.next_attempt_at = Delivery::held;
  EXPECT_TRUE(member(*json::parse(to_json(held)), "next_attempt_at").is_null());
}

TEST(DeliveryFields, ShowTheAttemptsOfADelivery) {
  Attempt attempt;
  attempt.number = 1;
  attempt.started_at = now;
  attempt.duration_us = 1'999;
  attempt.error = "answer_timed_out";
  attempt.request_headers = R"({"webhook-id":"evt_1"})";
  attempt.response_headers = "{}";
  const auto shown =
      *json::parse(to_json(delivery_in(DeliveryState::failed), std::vector{attempt, attempt}));
  const json::Array& log = *member(shown, "attempt_log").as_array();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(member(log[0], "duration_ms"), json::Value(std::int64_t{1}));
  EXPECT_TRUE(member(log[0], "status").is_null());
  EXPECT_EQ(member(log[0], "reason"), json::Value("the response timed out"));
  EXPECT_EQ(member(member(log[0], "request_headers"), "webhook-id"), json::Value("evt_1"));
  EXPECT_EQ(member(log[0], "is_truncated"), json::Value(false));
}

TEST(DeliveryFields, EveryErrorWordHasASentenceAndIsInTheApiDocument) {
  const std::string schemas = json::serialize(json::Value(delivery_schemas()));
  std::set<std::string> sentences;
  for (const std::string_view word : error_words()) {
    EXPECT_NE(schemas.find("\"" + std::string(word) + "\""), std::string::npos) << word;
    EXPECT_TRUE(sentences.insert(describe_error(word, {})).second) << word;
  }
  for (const int status : {301, 410, 500}) {
    const auto words = error_words();
    EXPECT_NE(std::find(words.begin(), words.end(), *error_of_status(status)), words.end());
  }
  EXPECT_NE(schemas.find(R"("enum":["PENDING","DELIVERED","FAILED","DEAD_LETTER"])"),
            std::string::npos);
}

}  // namespace
}  // namespace florin::webhooks
