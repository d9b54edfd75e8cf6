#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/json/value.h"
#include "platform/kafka/kafka.h"
#include "relay/settings.h"

namespace florin::events {
struct Event;
}

namespace florin::relay {

/// What a record of the inbound topic holds.
struct Parcel {
  std::vector<json::Value> events;  ///< As CloudEvents JSON, not judged yet.
  bool is_batch = false;
};

/// Opens a record by its headers: `content-type: application/cloudevents-batch+json` is an array of
/// events, `application/cloudevents+json` one event, `ce_specversion` without either an event whose
/// attributes are headers and whose data is the value (binary mode). A record with neither is read
/// as one event. Errors: malformed_json; validation_failed for a batch that is no array and for an
/// attribute that stands twice.
/// Source: Kafka Protocol Binding for CloudEvents 1.0.2, section 3; for batches JSON Event Format
/// 1.0.2, section 4: the binding has none.
Result<Parcel> open_record(const kafka::Received& record);

/// Header names are written in any case.
bool is_content_type(std::string_view header_name);

/// An event of our log as the value and headers of a record; `source` names this installation.
struct OutgoingRecord {
  std::string value;
  std::vector<kafka::Header> headers;
};
OutgoingRecord to_record(const events::Event& event, std::string_view source, CloudEventsMode mode);

}  // namespace florin::relay
