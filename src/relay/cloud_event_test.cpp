#include "relay/cloud_event.h"

#include <gtest/gtest.h>

#include "platform/json/value.h"
#include "relay/topics.h"

namespace florin::relay {
namespace {

Result<CloudEvent> read(const std::string& text) { return read_cloud_event(*json::parse(text)); }

/// "pointer rule" of every problem; empty when the event was taken.
std::vector<std::string> problems(const std::string& text) {
  const auto event = read(text);
  std::vector<std::string> found;
  if (event) return found;
  EXPECT_EQ(event.error().code, florin::errors::validation_failed);
  for (const FieldError& field : event.error().fields)
    found.push_back(field.pointer + " " + std::string(field.rule));
  return found;
}

TEST(CloudEvent, IsReadWithItsExtensions) {
  const auto event = read(
      R"({"specversion":"1.0","id":"k-1","source":"/sme","type":"sme.kyc.verified","subject":"u-7",)"
      R"("time":"2026-11-21T10:00:00+05:00","datacontenttype":"application/json; charset=utf-8",)"
      R"("tenant":"ten_1","traceid9":"x","data":{"level":2,"rate":1.50}})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, "k-1");
  EXPECT_EQ(event->source, "/sme");
  EXPECT_EQ(event->type, "sme.kyc.verified");
  EXPECT_EQ(event->subject, "u-7");
  EXPECT_EQ(event->time->rfc3339(), "2026-11-21T05:00:00.000000Z");
  EXPECT_EQ(event->tenant, "ten_1");
  EXPECT_EQ(event->data, R"({"level":2,"rate":1.50})");
}

TEST(CloudEvent, WithoutASubjectItsIdIsTheSubject) {
  const auto event = read(
      R"({"specversion":"1.0","id":"p-1","source":"s","type":"sme.payment.received","data":{}})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->subject, "p-1");
  EXPECT_FALSE(event->time);
}

TEST(CloudEvent, EveryBadAttributeIsNamed) {
  using List = std::vector<std::string>;
  EXPECT_EQ(problems("{}"), (List{"/specversion required", "/id required", "/source required",
                                  "/type required", "/data required"}));
  EXPECT_EQ(problems(R"({"specversion":"0.3","id":"","source":"s","type":"sme.kyc.verifed",)"
                     R"("time":"yesterday","datacontenttype":"text/xml","data":[],)"
                     R"("data_base64":"AA=="})"),
            (List{"/specversion unknown_value", "/id too_short", "/type unknown_value",
                  "/datacontenttype unknown_value", "/time must_be_timestamp", "/data wrong_type",
                  "/data_base64 unknown_field"}));
  EXPECT_EQ(problems("[]").size(), 1u);
}

TEST(Topics, AreNamedByFamily) {
  EXPECT_EQ(topic_of("shanraq", "transaction.executed"), "shanraq-transactions");
  EXPECT_EQ(topic_of("shanraq", "p2p_transfer.completed"), "shanraq-transactions");
  EXPECT_EQ(topic_of("shanraq", "payment.completed"), "shanraq-payments");
  EXPECT_EQ(topic_of("shanraq", "webhook.test"), "shanraq-webhooks");
  EXPECT_EQ(topic_of("shanraq", "wallet.credited"), "shanraq-wallet");
  EXPECT_EQ(topic_of("shanraq", "reconciliation.item.resolved"), "shanraq-reconciliation");
  EXPECT_EQ(inbound_topic("shanraq"), "shanraq-inbound");
  EXPECT_EQ(dead_letter_topic("shanraq"), "shanraq-inbound-dead");
}

}  // namespace
}  // namespace florin::relay
