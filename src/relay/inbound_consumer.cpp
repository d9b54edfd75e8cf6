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
#include "relay/figures.h"
#include "relay/kafka_binding.h"
#include "relay/topics.h"

namespace florin::relay {
namespace {

constexpr int poll_ms = 100;
/// One commit must not keep the write lane for long.
constexpr std::size_t records_at_once = 500, events_at_once = 500;
constexpr std::int64_t after_fault_us = 1'000'000;
constexpr int burial_limit_ms = 10'000;

/// The detail of a refused event with its bad attributes: what its sender has to know.
std::string reason_text(const Error& reason) {
  std::string text = reason.detail;
  for (const FieldError& field : reason.fields)
    text += "; " + field.pointer + " " + std::string(field.rule) + ": " + field.detail;
  return text;
}

/// The record's own headers, and where it was and why it is here. An event of a batch is alone
/// here.
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

/// Whether the record itself is at fault, and not the place that it was to be stored in.
bool is_refusal(const Error& error) {
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
      worker_("kafka-in", [this] { return turn(); }) {}

InboundConsumer::~InboundConsumer() { stop(); }

void InboundConsumer::stop() {
  worker_.stop();
  consumer_.reset();
  producer_.reset();
}

std::int64_t InboundConsumer::turn() {
  if (const auto worked = work(); !worked) {
    if (fault() != worked.error().detail)
      log::warn("events from Kafka cannot be taken",
                {{"code", worked.error().code.name}, {"detail", worked.error().detail}});
    set_fault(worked.error().detail);
    parts_.figures.inbound_failures.add();
    return after_fault_us;
  }
  set_fault(consumer_->fault());
  return 0;
}

Result<void> InboundConsumer::work() {
  if (!consumer_) {
    consumer_ = TRY(kafka::open_consumer(
        settings_.kafka, {topic_, settings_.group, settings_.session_timeout_ms}, parts_.metrics));
  }
  if (producer_) producer_->poll(0);
  if (batch_.empty()) batch_ = TRY(consumer_->poll(poll_ms, records_at_once));
  if (batch_.empty()) return {};
  // A failure leaves the batch: it is stored again, which finds what is there.
  std::vector<Dead> dead;
  const std::vector<Letter> letters = TRY(open_letters(dead));
  for (std::span<const Letter> left = letters; !left.empty();) {
    const auto chunk = left.first(std::min(left.size(), events_at_once));
    Outcome outcome = TRY(store(chunk));
    for (Dead& one : outcome.dead) dead.push_back(std::move(one));
    parts_.figures.stored.add(static_cast<double>(outcome.stored));
    parts_.figures.duplicates.add(static_cast<double>(outcome.duplicates));
    left = left.subspan(chunk.size());
  }
  TRY(bury(dead));
  batch_.clear();
  parts_.figures.dead_letters.add(static_cast<double>(dead.size()));
  return consumer_->commit();
}

Result<std::vector<InboundConsumer::Letter>> InboundConsumer::open_letters(
    std::vector<Dead>& dead) {
  std::vector<Letter> letters;
  for (const kafka::Received& record : batch_) {
    const auto parcel = open_record(record);
    if (!parcel) {
      dead.push_back({{&record, std::nullopt, ""}, parcel.error()});
      continue;
    }
    for (std::size_t i = 0; i < parcel->events.size(); ++i) {
      const json::Value& document = parcel->events[i];
      Place place{&record, std::nullopt, ""};
      if (parcel->is_batch) place = {&record, i, json::serialize(document)};
      auto letter = open_letter(place, document);
      if (letter) {
        letters.push_back(*std::move(letter));
      } else if (is_refusal(letter.error())) {
        dead.push_back({std::move(place), std::move(letter).error()});
      } else {
        return std::move(letter).error();
      }
    }
  }
  return letters;
}

Result<InboundConsumer::Letter> InboundConsumer::open_letter(Place place,
                                                             const json::Value& document) {
  CloudEvent event = TRY(read_cloud_event(document));
  const TenantId tenant = TRY(tenant_of(event.tenant.value_or(settings_.inbound_tenant)));
  return Letter{std::move(place), tenant, std::move(event)};
}

/// Tenants are never removed, so that what was found once stays true.
Result<TenantId> InboundConsumer::tenant_of(const std::string& name) {
  const auto known = tenants_.find(name);
  if (known != tenants_.end()) return known->second;
  const TenantId found = TRY(parts_.access.find_tenant(name)).id;
  tenants_.emplace(name, found);
  return found;
}

Result<InboundConsumer::Outcome> InboundConsumer::store(std::span<const Letter> letters) const {
  return parts_.database.write([&](sql::Tx& tx) -> Result<Outcome> {
    Outcome outcome;
    for (const Letter& letter : letters) {
      auto taken = parts_.inbox.take(tx, {letter.tenant, "kafka", "", Way::kafka}, letter.event);
      if (taken) {
        ++(taken->is_new ? outcome.stored : outcome.duplicates);
      } else if (is_refusal(taken.error())) {
        outcome.dead.push_back({letter.place, std::move(taken).error()});
      } else {
        return std::move(taken).error();
      }
    }
    return outcome;
  });
}

/// A record too long for the dead-letter topic leaves its value behind: where it is, is told.
Result<void> InboundConsumer::bury(const std::vector<Dead>& dead) {
  if (dead.empty()) return {};
  auto buried = send_dead(dead, true);
  if (!buried && buried.error().code == kafka::errors::kafka_message_refused)
    buried = send_dead(dead, false);
  return buried;
}

Result<void> InboundConsumer::send_dead(const std::vector<Dead>& dead, bool with_values) {
  if (!producer_) producer_ = TRY(kafka::open_producer(settings_.kafka, parts_.metrics));
  const Timestamp now = parts_.clock.now();
  Result<void> outcome;
  for (const auto& [place, reason] : dead) {
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
  const auto flushed = producer_->flush(burial_limit_ms);
  if (outcome && !flushed) outcome = flushed;
  // What is still under way would end in an outcome that is gone.
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
