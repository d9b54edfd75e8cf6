#include <algorithm>

#include "base/try.h"
#include "platform/json/value.h"
#include "relay/cloud_event.h"
#include "relay/errors.h"
#include "relay/inbox.h"
#include "relay/module.h"
#include "relay/relay_fixture.h"

namespace florin::relay {
namespace {

std::string payment(const std::string& id, const std::string& more = "",
                    const std::string& data = R"({"amount":1050,"currency":"KZT"})") {
  return R"({"specversion":"1.0","id":")" + id +
         R"(","source":"/sme/payments","type":"sme.payment.received","subject":"loan-7",)" + more +
         R"("data":)" + data + "}";
}

class InboundTest : public RelayFixture {
 protected:
  InboundTest() {
    make_topics({"inbound", "inbound-dead", "sme", "account"});
    outside = std::move(*kafka::open_producer(settings().kafka, metrics));
  }
  void write(const std::string& value, const std::string& key = "k",
             std::vector<kafka::Header> headers = {}) {
    ASSERT_TRUE(outside->send({prefix + "-inbound", key, value, std::move(headers)},
                              [](const Result<void>& sent) { EXPECT_TRUE(sent); }));
    ASSERT_TRUE(outside->flush(20'000));
  }
  double count(const std::string& outcome) const {
    return figure("florin_relay_inbound_total{outcome=\"" + outcome + "\"}");
  }
  static std::string header(const kafka::Received& record, std::string_view name) {
    const auto found = std::find_if(record.headers.begin(), record.headers.end(),
                                    [&](const kafka::Header& one) { return one.name == name; });
    return found == record.headers.end() ? "(none)" : found->value;
  }
  Result<http::Response> post(const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.path = "/v1/inbound-events";
    request.body = body;
    request.request_id = "req_1";
    request.caller = {tenant, "key_1"};
    const http::Routes all = routes(*relay, idempotency);
    return std::get<http::SyncHandler>(all.front().handler)(request);
  }

  std::unique_ptr<kafka::Producer> outside;
};

TEST_F(InboundTest, EachEventIsTakenOnceAndToldToTheLog) {
  write(payment("p-1"));
  write(payment("p-1"));
  write(payment("p-2", R"("time":"2026-11-21T10:00:00Z",)"));
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("stored") + count("duplicate") == 3; }));
  EXPECT_EQ(count("stored"), 2);
  const auto told = events_of("sme.payment.received");
  ASSERT_EQ(told.size(), 2u);
  const events::Event& first = told.back();
  EXPECT_EQ(first.subject, "loan-7");
  EXPECT_EQ(first.actor, "kafka");
  const json::Value data = *json::parse(events::data_of(first));
  EXPECT_EQ(*data.find("source_event_id")->as_string(), "p-1");
  EXPECT_EQ(*data.find("data")->find("amount")->as_integer(), 1050);
  EXPECT_TRUE(wait_until([&] { return relay->health().is_healthy; }));
}

TEST_F(InboundTest, WhatCannotBeTakenGoesToTheDeadLetterTopicWithItsReason) {
  write("{not json", "k1", {{"trace", "abc"}});
  write(R"({"specversion":"1.0"})", "k2");
  write(payment("p-1", R"("tenant":"nobody",)"), "k3");
  write(payment("p-2"), "k4");
  write(payment("p-2", "", R"({"amount":9})"), "k4");
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("dead_letter") == 4; }));
  EXPECT_EQ(count("stored"), 1);

  const auto dead = read("inbound-dead", 4);
  ASSERT_EQ(dead.size(), 4u);
  std::map<std::string, const kafka::Received*> by_key;
  for (const kafka::Received& record : dead) by_key[record.key] = &record;
  EXPECT_EQ(header(*by_key["k1"], "florin-reason"), "malformed_json");
  EXPECT_EQ(header(*by_key["k1"], "trace"), "abc");
  EXPECT_EQ(header(*by_key["k1"], "florin-topic"), prefix + "-inbound");
  EXPECT_EQ(by_key["k1"]->value, "{not json");
  EXPECT_EQ(header(*by_key["k2"], "florin-reason"), "validation_failed");
  EXPECT_NE(header(*by_key["k2"], "florin-detail").find("/source required"), std::string::npos);
  EXPECT_EQ(header(*by_key["k3"], "florin-reason"), "tenant_not_found");
  EXPECT_EQ(header(*by_key["k4"], "florin-reason"), "inbound_event_mismatch");
}

TEST_F(InboundTest, AnEventIsTheSameInEveryContentMode) {
  write(payment("p-1"), "k", {{"content-type", "application/cloudevents+json"}});
  write(R"({"amount":1050,"currency":"KZT"})", "k",
        {{"ce_specversion", "1.0"},
         {"ce_id", "p-1"},
         {"ce_source", "/sme/payments"},
         {"ce_type", "sme.payment.received"},
         {"ce_subject", "loan-7"},
         {"content-type", "application/json"}});
  write("[" + payment("p-1") + "," + payment("p-2") + "]", "k",
        {{"content-type", "application/cloudevents-batch+json"}});
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("stored") + count("duplicate") == 4; }));
  EXPECT_EQ(count("stored"), 2);
  EXPECT_EQ(count("dead_letter"), 0);
}

TEST_F(InboundTest, WhatIsBadInABatchIsBuriedAloneAndTheRestIsTaken) {
  write("[" + payment("p-1") + R"(,{"specversion":"1.0","id":"p-2"},)" + payment("p-3") + "]", "k1",
        {{"content-type", "application/cloudevents-batch+json"}, {"trace", "abc"}});
  write(payment("p-4"), "k2", {{"content-type", "application/cloudevents-batch+json"}});
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("dead_letter") == 2 && count("stored") == 2; }));
  const auto dead = read("inbound-dead", 2);
  ASSERT_EQ(dead.size(), 2u);
  const bool is_first = dead[0].key == "k1";
  const kafka::Received& one = dead[is_first ? 0 : 1];
  EXPECT_EQ(one.value, R"({"specversion":"1.0","id":"p-2"})");
  EXPECT_EQ(header(one, "content-type"), "application/cloudevents+json");
  EXPECT_EQ(header(one, "florin-batch-index"), "1");
  EXPECT_EQ(header(one, "trace"), "abc");
  const kafka::Received& whole = dead[is_first ? 1 : 0];
  EXPECT_EQ(whole.value, payment("p-4"));
  EXPECT_EQ(header(whole, "content-type"), "application/cloudevents-batch+json");
  EXPECT_EQ(header(whole, "florin-batch-index"), "(none)");
}

TEST_F(InboundTest, ALongBatchIsStoredInSeveralCommits) {
  constexpr int many = 1'203;
  std::string batch;
  for (int i = 0; i < many; ++i) batch += (i ? "," : "[") + payment("p-" + std::to_string(i));
  write(batch + "]", "k", {{"content-type", "application/cloudevents-batch+json"}});
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("stored") == many; }));
  EXPECT_EQ(count("duplicate"), 0);
}

TEST_F(InboundTest, AKillBetweenTheCommitsOfDatabaseAndOffsetTakesNothingTwice) {
  write(payment("p-1"));
  {
    // As far as a consumer comes that dies right after its database commit.
    const auto doomed = std::move(
        *kafka::open_consumer(settings().kafka, {prefix + "-inbound", prefix, 5'000}, metrics));
    std::vector<kafka::Received> records;
    ASSERT_TRUE(wait_until([&] {
      records = *doomed->poll(50, 10);
      return !records.empty();
    }));
    const CloudEvent event = *read_cloud_event(*json::parse(records.front().value));
    const Inbox inbox(events, ids, clock);
    ASSERT_TRUE(database->write([&](sql::Tx& tx) {
      return inbox.take(tx, {tenant, "kafka", "", Channel::kafka}, event);
    }));
  }
  make_relay();
  ASSERT_TRUE(relay->start());
  ASSERT_TRUE(wait_until([&] { return count("duplicate") == 1; }));
  EXPECT_EQ(count("stored"), 0);
  EXPECT_EQ(events_of("sme.payment.received").size(), 1u);
}

TEST_F(InboundTest, HttpTakesAnEventOnceByItsSourceAndId) {
  make_relay(settings_out());
  const auto first = post(payment("p-1"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201);
  const auto again = post(payment("p-1"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 201);
  EXPECT_EQ(again->body, first->body);
  ASSERT_EQ(again->headers.size(), 1u);
  EXPECT_EQ(again->headers[0].name, "Idempotent-Replayed");
  const auto other = post(payment("p-1", "", R"({"amount":9})"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, errors::inbound_event_mismatch);
  EXPECT_EQ(events_of("sme.payment.received").size(), 1u);
}

TEST_F(InboundTest, AKeyCannotSpeakForAnotherTenant) {
  make_relay(settings_out());
  EXPECT_TRUE(post(payment("p-1", "\"tenant\":\"" + tenant.str() + "\",")));
  const auto other = post(payment("p-2", R"("tenant":"ten_0000000000001",)"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, florin::errors::validation_failed);
  EXPECT_EQ(other.error().fields.at(0).pointer, "/tenant");
}

}  // namespace
}  // namespace florin::relay
