#include <gtest/gtest.h>

#include "webhooks/delivery/attempt.h"
#include "webhooks/delivery/retry_decision.h"
#include "webhooks/endpoints/selection.h"
#include "webhooks/stored_json.h"

namespace florin::webhooks {
namespace {

constexpr Timestamp now{1'700'000'000'000'000};

RetryDecision decision_of(int number, AttemptResponse answer, double jitter = 0) {
  DeliveryPolicy policy;
  policy.retry_delays_ms = {1'000, 5'000};
  return decide(policy, {number, now, jitter}, answer);
}

TEST(RetryDecision, FollowsTheScheduleToItsEnd) {
  EXPECT_EQ(decision_of(1, {200, {}}).state, DeliveryState::delivered);
  EXPECT_EQ(decision_of(1, {500, {}}).next_attempt_at, now.plus_seconds(1));
  EXPECT_EQ(decision_of(2, {{}, {}}).next_attempt_at, now.plus_seconds(5));
  EXPECT_EQ(decision_of(2, {301, {}}, 0.1).next_attempt_at, now.plus_us(5'500'000));
  EXPECT_EQ(decision_of(3, {500, {}}).state, DeliveryState::dead_letter);
}

TEST(RetryDecision, HonoursRetryAfterWithinAnHour) {
  EXPECT_EQ(decision_of(1, {429, 30}).next_attempt_at, now.plus_seconds(30));
  EXPECT_EQ(decision_of(1, {503, 99'999}).paused_until, now.plus_seconds(3'600));
  EXPECT_EQ(decision_of(1, {500, 30}).next_attempt_at, now.plus_seconds(1));
  EXPECT_FALSE(decision_of(1, {500, 30}).paused_until);
}

TEST(RetryDecision, RetryAfterNeverMakesAnAttemptSoonerThanTheSchedule) {
  for (const std::int64_t asked : {std::int64_t{0}, std::int64_t{1}, std::int64_t{-5}, INT64_MIN}) {
    EXPECT_EQ(decision_of(2, {429, asked}).next_attempt_at, now.plus_seconds(5)) << asked;
    EXPECT_EQ(decision_of(2, {503, asked}).next_attempt_at, now.plus_seconds(5)) << asked;
  }
  EXPECT_EQ(decision_of(1, {429, INT64_MAX}).next_attempt_at, now.plus_seconds(3'600));
  EXPECT_FALSE(decision_of(1, {429, 0}).paused_until);
}

TEST(RetryDecision, OnlySomeStatusesMayAskForRest) {
  for (const int status : {429, 503}) {
    EXPECT_EQ(decision_of(1, {status, 60}).paused_until, now.plus_seconds(60)) << status;
    EXPECT_FALSE(decision_of(1, {status, 0}).paused_until) << status;
    EXPECT_FALSE(decision_of(1, {status, -5}).paused_until) << status;
  }
  EXPECT_FALSE(decision_of(1, {500, 60}).paused_until);
  // Asked with the last attempt, it is the endpoint's others that rest.
  const RetryDecision last = decision_of(3, {503, 60});
  EXPECT_EQ(last.state, DeliveryState::dead_letter);
  EXPECT_EQ(last.paused_until, now.plus_seconds(60));
}

TEST(RetryDecision, EveryStatusButSuccessHasAFault) {
  for (const int status : {200, 201, 204, 299}) EXPECT_FALSE(error_of_status(status)) << status;
  for (const int status : {301, 302, 308}) EXPECT_EQ(error_of_status(status), "redirect_refused");
  EXPECT_EQ(error_of_status(410), "gone");
  for (const int status : {100, 400, 404, 429, 500, 503})
    EXPECT_EQ(error_of_status(status), "bad_status");
  EXPECT_TRUE(describe_error("bad_status", 500).ends_with("(HTTP 500)"));
  EXPECT_EQ(describe_error("never heard of", std::nullopt), "no answer came");
}

TEST(StoredJson, WhatWasWrittenIsReadAgain) {
  const std::vector<std::string> texts{"account.*", "a\"b", ""};
  const std::vector<std::int64_t> integers{0, -1, INT64_MAX};
  EXPECT_EQ(stored::texts(stored::text_of(texts)), texts);
  EXPECT_EQ(stored::texts("[]"), std::vector<std::string>());
  EXPECT_EQ(stored::integers(stored::text_of(integers)), integers);
  const stored::FieldFilter filter{{"data.a", {json::Value("x")}},
                                   {"data.b", {json::Value("y"), json::Value(nullptr)}}};
  EXPECT_EQ(stored::text_of(filter), R"({"data.a":"x","data.b":["y",null]})");
  EXPECT_EQ(stored::filter_of_text(stored::text_of(filter)), filter);
}

TEST(StoredJson, WhatItDidNotWriteIsNeverReadAsEmpty) {
  for (const auto* text : {"", "x", "{}", "null", "[1]", "[\"a\", 1]"})
    EXPECT_FALSE(stored::texts(text)) << text;
  for (const auto* text : {"", "x", "{}", "[\"1\"]", "[1.5]", "[99999999999999999999]"})
    EXPECT_FALSE(stored::integers(text)) << text;
  for (const auto* text : {"", "x", "[]", "null"})
    EXPECT_FALSE(stored::filter_of_text(text)) << text;
}

TEST(RetryDecision, GoneIsTheEnd) {
  EXPECT_TRUE(decision_of(1, {410, {}}).is_gone);
  EXPECT_EQ(decision_of(1, {410, {}}).state, DeliveryState::dead_letter);
  EXPECT_EQ(error_of_status(410), "gone");
  EXPECT_EQ(error_of_status(302), "redirect_refused");
  EXPECT_EQ(error_of_status(404), "bad_status");
  EXPECT_FALSE(error_of_status(204));
  EXPECT_EQ(describe_error("bad_status", 503), "the receiver's answer is no success (HTTP 503)");
  EXPECT_EQ(describe_error("closed_early", 200),
            "the connection ended before the whole answer (HTTP 200)");
  EXPECT_EQ(describe_error("dns_failed", {}), "the name of the host cannot be resolved");
  EXPECT_EQ(describe_error("no_answer", {}), "no answer came");
}

TEST(Delays, DoubleUpToADay) {
  EXPECT_EQ(exponential_delays(5, 1'000), (std::vector<std::int64_t>{1'000, 2'000, 4'000, 8'000}));
  EXPECT_TRUE(exponential_delays(1, 1'000).empty());
  EXPECT_EQ(exponential_delays(3, 80'000'000).back(), 86'400'000);
}

class Selecting : public testing::Test {
 protected:
  bool wants(const Selection& selection) {
    endpoint.selection = selection;
    EventView view(event);
    return selects(endpoint, view);
  }
  Selecting() {
    endpoint.tenant = {1};
    endpoint.start_after = {5};
  }

  Endpoint endpoint;
  events::Event event{{6},
                      {1},
                      "account.created",
                      "acc_1",
                      R"({"data":{"currency":"KZT","amount":5,"open":true}})",
                      "",
                      "",
                      {}};
};

TEST_F(Selecting, ByTypeAndFamily) {
  EXPECT_TRUE(wants({}));
  EXPECT_TRUE(wants({.event_types = {"account.created"}}));
  EXPECT_TRUE(wants({.event_types = {"x.y", "account.*"}}));
  EXPECT_FALSE(wants({.event_types = {"acc.*"}}));
  event.type = "webhook.test";
  EXPECT_FALSE(wants({}));
  EXPECT_FALSE(wants({.event_types = {"webhook.*"}}));
  EXPECT_TRUE(wants({.event_types = {"webhook.test"}}));
}

TEST_F(Selecting, ByFieldsWhichAllMustAgree) {
  EXPECT_TRUE(wants({.filter = {{"data.currency", {"USD", "KZT"}}, {"data.amount", {5}}}}));
  EXPECT_FALSE(wants({.filter = {{"data.currency", {"KZT"}}, {"data.amount", {6}}}}));
  EXPECT_TRUE(wants({.filter = {{"data.open", {true}}}}));
  EXPECT_FALSE(wants({.filter = {{"data.missing", {"x"}}}}));
}

TEST_F(Selecting, OnlyItsTenantAndWhatHappensAfterIt) {
  event.tenant = {2};
  EXPECT_FALSE(wants({}));
  event.tenant = {1};
  event.id = {5};
  EXPECT_FALSE(wants({}));
}

TEST_F(Selecting, TheOrderKeyIsTheSubjectOrAField) {
  EventView view(event);
  EXPECT_FALSE(order_key_of(endpoint, view));
  endpoint.policy.order_by = "subject";
  EXPECT_EQ(order_key_of(endpoint, view), "acc_1");
  endpoint.policy.order_by = "data.amount";
  EXPECT_EQ(order_key_of(endpoint, view), "5");
  endpoint.policy.order_by = "data.none";
  EXPECT_FALSE(order_key_of(endpoint, view));
}

TEST(AttemptLog, KeepsAnyAnswerAsCappedText) {
  EXPECT_EQ(as_utf8("caf\xC3\xA9", 100), "caf\xC3\xA9");
  EXPECT_EQ(as_utf8("a\xFF\xC3", 100), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8(std::string_view("a\0b", 3), 100),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(as_utf8("\xED\xA0\x80", 3), "\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8("abcd", 3), "abc");
  EXPECT_EQ(as_utf8("ab\xC3\xA9", 3), "ab");
  http_client::Response response;
  response.status = 200;
  response.headers = {{"X-\"Odd\"", "1"}, {"Set-Cookie", "a"}, {"Set-Cookie", "b"}};
  response.body = std::string(5'000, 'x');
  const Attempt attempt = attempt_of({}, response);
  EXPECT_EQ(attempt.response_body.size(), 4'096u);
  EXPECT_TRUE(attempt.is_cut_off);
  EXPECT_EQ(attempt.response_headers, R"({"X-\"Odd\"":"1","Set-Cookie":"a, b"})");
}

}  // namespace
}  // namespace florin::webhooks
