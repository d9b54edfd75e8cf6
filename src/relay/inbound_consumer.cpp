#include "relay/inbound_consumer.h"

#include <algorithm>
#include <utility>

#include "access/access.h"
#include "access/errors.h"
#include "base/try.h"
#include "platform/json/value.h"
#include "platform/kafka/errors.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "relay/cloud_event.h"
#include "relay/errors.h"
#include "relay/kafka_binding.h"
#include "relay/relay_metrics.h"
#include "relay/topics.h"

namespace florin::relay {
namespace {

constexpr int poll_ms = 100;
/// One commit must not keep the write lane for long.
constexpr std::size_t max_records_at_once = 500, max_events_at_once = 500;
constexpr std::int64_t retry_after_us = 1'000'000;
constexpr int dead_letter_timeout_ms = 10'000;

/// The detail of a refused event with its bad attributes: what its sender has to know.
std::string reason_text(const Error& reason) {
  std::string text = reason.detail;
  for (const FieldError& field : reason.fields)
    text += "; " + field.pointer + " " + std::string(field.rule) + ": " + field.detail;
  return text;
}

/// The record's own headers, where it was and why it was rejected. An event of a batch is sent
/// alone.
std::vector<kafka::Header> dead_headers(const kafka::Received& record,
                                        std::optional<std::size_t> index, const Error& reason,
                                        Timestamp now) {
  std::vector<kafka::Header> headers = record.headers;
  if (index) {
    std::erase_if(headers, [](const kafka::Header& one) { return is_content_type(one.name); });
    headers.push_back({"content-type", "application/cloudevents+json"});
    headers.push_back({"florin-batch-index", std::to_string(*index)});
  }
  headers.push_back({"florin-reason", std::string(reason.code.name)});
  headers.push_back({"florin-detail", reason_text(reason)});
  headers.push_back({"florin-topic", record.topic});
  headers.push_back({"florin-partition", std::to_string(record.partition)});
  headers.push_back({"florin-offset", std::to_string(record.offset)});
  headers.push_back({"florin-refused-at", now.rfc3339()});
  return headers;
}

/// Whether the record itself is at fault, and not the database.
bool is_rejection(const Error& error) {
  return error.code == florin::errors::validation_failed ||
         error.code == json::errors::malformed_json ||
         error.code == errors::inbound_event_mismatch ||
         error.code == access::errors::tenant_not_found;
}

}  // namespace

InboundConsumer::InboundConsumer(Parts parts, const Settings& settings)
    : parts_(parts),
      settings_(settings),
      topic_(inbound_topic(settings.topic_prefix)),
      dead_topic_(dead_letter_topic(settings.topic_prefix)),
      worker_("kafka-in", [this] { return tick(); }) {}

InboundConsumer::~InboundConsumer() { stop(); }

void InboundConsumer::stop() {
  worker_.stop();
  consumer_.reset();
  producer_.reset();
}

std::int64_t InboundConsumer::tick() {
  if (const auto worked = work(); !worked) {
    if (fault() != worked.error().detail)
      log::warn("events from Kafka cannot be taken",
                {{"code", worked.error().code.name}, {"detail", worked.error().detail}});
    set_fault(worked.error().detail);
    parts_.metrics.inbound_failures.add();
    return retry_after_us;
  }
  set_fault(consumer_->fault());
  return 0;
}

Result<void> InboundConsumer::work() {
  if (!consumer_) {
    consumer_ = TRY(kafka::open_consumer(
        settings_.kafka, {topic_, settings_.group, settings_.session_timeout_ms}, parts_.registry));
  }
  if (producer_) producer_->poll(0);
  if (batch_.empty()) batch_ = TRY(consumer_->poll(poll_ms, max_records_at_once));
  if (batch_.empty()) return {};
  // After a failure the batch is stored again, which finds the events that are already there.
  std::vector<RejectedEvent> rejected;
  const std::vector<ValidEvent> events = TRY(read_batch(rejected));
  for (std::span<const ValidEvent> left = events; !left.empty();) {
    const auto chunk = left.first(std::min(left.size(), max_events_at_once));
    StoreResult result = TRY(store(chunk));
    for (RejectedEvent& one : result.rejected) rejected.push_back(std::move(one));
    parts_.metrics.stored.add(static_cast<double>(result.stored));
    parts_.metrics.duplicates.add(static_cast<double>(result.duplicates));
    left = left.subspan(chunk.size());
  }
  TRY(send_dead_letters(rejected));
  batch_.clear();
  parts_.metrics.dead_letters.add(static_cast<double>(rejected.size()));
  return consumer_->commit();
}

Result<std::vector<InboundConsumer::ValidEvent>> InboundConsumer::read_batch(
    std::vector<RejectedEvent>& rejected) {
  std::vector<ValidEvent> events;
  for (const kafka::Received& record : batch_) {
    const auto contents = open_record(record);
    if (!contents) {
      rejected.push_back({{&record, std::nullopt, ""}, contents.error()});
      continue;
    }
    for (std::size_t i = 0; i < contents->events.size(); ++i) {
      const json::Value& document = contents->events[i];
      Place place{&record, std::nullopt, ""};
      if (contents->is_batch) place = {&record, i, json::serialize(document)};
      auto event = read_event(place, document);
      if (event) {
        events.push_back(*std::move(event));
      } else if (is_rejection(event.error())) {
        rejected.push_back({std::move(place), std::move(event).error()});
      } else {
        return std::move(event).error();
      }
    }
  }
  return events;
}

Result<InboundConsumer::ValidEvent> InboundConsumer::read_event(Place place,
                                                                const json::Value& document) {
  CloudEvent event = TRY(read_cloud_event(document));
  const TenantId tenant = TRY(tenant_of(event.tenant.value_or(settings_.inbound_tenant)));
  return ValidEvent{std::move(place), tenant, std::move(event)};
}

/// Tenants are never removed: an entry stays valid.
Result<TenantId> InboundConsumer::tenant_of(const std::string& name) {
  const auto known = tenants_.find(name);
  if (known != tenants_.end()) return known->second;
  const TenantId found = TRY(parts_.access.find_tenant(name)).id;
  tenants_.emplace(name, found);
  return found;
}

Result<InboundConsumer::StoreResult> InboundConsumer::store(
    std::span<const ValidEvent> events) const {
  return parts_.database.write([&](sql::Tx& tx) -> Result<StoreResult> {
    StoreResult result;
    for (const ValidEvent& event : events) {
      auto taken = parts_.inbox.take(tx, {event.tenant, "kafka", "", Channel::kafka}, event.event);
      if (taken) {
        ++(taken->is_new ? result.stored : result.duplicates);
      } else if (is_rejection(taken.error())) {
        result.rejected.push_back({event.place, std::move(taken).error()});
      } else {
        return std::move(taken).error();
      }
    }
    return result;
  });
}

/// A record too long for the dead-letter topic is named there without its value.
Result<void> InboundConsumer::send_dead_letters(const std::vector<RejectedEvent>& rejected) {
  if (rejected.empty()) return {};
  auto sent = produce_dead_letters(rejected, true);
  if (!sent && sent.error().code == kafka::errors::kafka_message_refused)
    sent = produce_dead_letters(rejected, false);
  return sent;
}

Result<void> InboundConsumer::produce_dead_letters(const std::vector<RejectedEvent>& rejected,
                                                   bool with_values) {
  if (!producer_) producer_ = TRY(kafka::open_producer(settings_.kafka, parts_.registry));
  const Timestamp now = parts_.clock.now();
  Result<void> outcome;
  for (const auto& [place, reason] : rejected) {
    const kafka::Received& record = *place.record;
    auto headers = dead_headers(record, place.index, reason, now);
    if (!with_values) headers.push_back({"florin-value", "left out"});
    const std::string_view own = place.index ? place.text : record.value;
    const std::string_view value = with_values ? own : std::string_view();
    const auto queued = producer_->send({dead_topic_, record.key, value, std::move(headers)},
                                        [&outcome](const Result<void>& sent) {
                                          if (!sent) outcome = sent;
                                        });
    if (!queued) outcome = queued;
  }
  const auto flushed = producer_->flush(dead_letter_timeout_ms);
  if (outcome && !flushed) outcome = flushed;
  // Callbacks of records that are still being sent would write to a variable that is gone.
  if (!outcome) producer_.reset();
  return outcome;
}

std::optional<std::string> InboundConsumer::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void InboundConsumer::set_fault(std::optional<std::string> fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

}  // namespace florin::relay
