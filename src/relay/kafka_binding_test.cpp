#include "relay/kafka_binding.h"

#include <gtest/gtest.h>

#include "relay/cloud_event.h"

namespace florin::relay {
namespace {

kafka::Received record_of(std::string value, std::vector<kafka::Header> headers) {
  kafka::Received record;
  record.value = std::move(value);
  record.headers = std::move(headers);
  return record;
}

/// The attributes of a good event in binary mode, and `more`.
std::vector<kafka::Header> binary(const std::vector<kafka::Header>& more = {}) {
  std::vector<kafka::Header> headers{{"ce_specversion", "1.0"},
                                     {"ce_id", "k-1"},
                                     {"ce_source", "/sme"},
                                     {"ce_type", "sme.kyc.verified"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return headers;
}

/// The one event of a record.
Result<CloudEvent> read(const kafka::Received& record) {
  const auto contents = open_record(record);
  if (!contents) return contents.error();
  EXPECT_EQ(contents->events.size(), 1U);
  return read_cloud_event(contents->events.front());
}

std::string problem_of(const kafka::Received& record) {
  const auto event = read(record);
  if (event) return "taken";
  if (event.error().fields.empty()) return std::string(event.error().code.name);
  return event.error().fields.front().pointer + " " +
         std::string(event.error().fields.front().rule);
}

TEST(KafkaBinding, BinaryModeHasAttributesInHeadersAndDataAsValue) {
  const auto event = read(record_of(R"({"level":2,"rate":1.50})",
                                    binary({{"ce_subject", "u-7 \"Ä\""},
                                            {"ce_time", "2026-11-21T10:00:00+05:00"},
                                            {"ce_tenant", "ten_1"},
                                            {"ce_traceid", "x"},
                                            {"unrelated", "\xFF"},
                                            {"Content-Type", "application/json; charset=UTF-8"}})));
  ASSERT_TRUE(event) << event.error().detail;
  EXPECT_EQ(event->id, "k-1");
  EXPECT_EQ(event->source, "/sme");
  EXPECT_EQ(event->type, "sme.kyc.verified");
  EXPECT_EQ(event->subject, "u-7 \"Ä\"");
  EXPECT_EQ(event->time->rfc3339(), "2026-11-21T05:00:00.000000Z");
  EXPECT_EQ(event->tenant, "ten_1");
  EXPECT_EQ(event->data, R"({"level":2,"rate":1.50})");
}

TEST(KafkaBinding, BinaryModeNamesWhatIsWrong) {
  EXPECT_EQ(problem_of(record_of("{}", binary())), "taken")
      << "data are JSON unless told otherwise";
  EXPECT_EQ(problem_of(record_of("", binary())), "/data required");
  EXPECT_EQ(problem_of(record_of("[]", binary())), "/data wrong_type");
  EXPECT_EQ(problem_of(record_of("{", binary())), "malformed_json");
  EXPECT_EQ(problem_of(record_of(R"({},"id":"other")", binary())), "malformed_json");
  EXPECT_EQ(problem_of(record_of("<a/>", binary({{"content-type", "text/xml"}}))),
            "/datacontenttype unknown_value");
  EXPECT_EQ(problem_of(record_of("{}", binary({{"ce_id", "k-2"}}))), "/id duplicate");
  EXPECT_EQ(problem_of(record_of("{}", binary({{"ce_data", "x"}}))), "/data duplicate");
  EXPECT_EQ(problem_of(record_of("{}", binary({{"ce_subject", "\xFF"}}))), "malformed_json");
  EXPECT_EQ(problem_of(record_of("{}", binary({{"ce_time", "now"}}))), "/time must_be_timestamp");
  EXPECT_EQ(problem_of(record_of("{}", {{"ce_specversion", "1.0"}})), "/id required");
}

TEST(KafkaBinding, TheContentTypeGoesBeforeTheHeaders) {
  const std::string whole =
      R"({"specversion":"1.0","id":"s-1","source":"s","type":"sme.kyc.verified","data":{}})";
  for (const char* type :
       {"application/cloudevents+json", "application/cloudevents+json; charset=utf-8",
        "Application/CloudEvents+JSON"}) {
    const auto event = read(record_of(whole, binary({{"content-type", type}})));
    ASSERT_TRUE(event) << type;
    EXPECT_EQ(event->id, "s-1");
  }
  EXPECT_EQ(read(record_of(whole, {}))->id, "s-1") << "a record without headers";
}

TEST(KafkaBinding, ABatchIsAnArrayOfEvents) {
  const std::vector<kafka::Header> batch{{"content-type", "application/cloudevents-batch+json"}};
  const auto contents = open_record(record_of(R"([{"id":"a"},{"id":"b"}])", batch));
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->is_batch);
  ASSERT_EQ(contents->events.size(), 2U);
  EXPECT_EQ(*contents->events[1].find("id")->as_string(), "b");
  EXPECT_TRUE(open_record(record_of("[]", batch))->events.empty());
  EXPECT_EQ(problem_of(record_of("{}", batch)), " wrong_type");
  EXPECT_EQ(problem_of(record_of("[", batch)), "malformed_json");
}

}  // namespace
}  // namespace florin::relay
