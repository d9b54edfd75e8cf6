#include "relay/kafka_binding.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/try.h"
#include "events/events.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"
#include "relay/cloud_event.h"

namespace florin::relay {
namespace {

constexpr std::string_view content_type_header = "content-type";
constexpr std::string_view attribute_prefix = "ce_";
constexpr std::string_view structured_type = "application/cloudevents";
constexpr std::string_view batch_type = "application/cloudevents-batch";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// In lower case, with its parameters; empty when the record has none.
std::string content_type_of(const kafka::Received& record) {
  for (const kafka::Header& header : record.headers) {
    if (is_content_type(header.name)) return lower(header.value);
  }
  return {};
}

bool is_binary(const kafka::Received& record) {
  return std::any_of(record.headers.begin(), record.headers.end(),
                     [](const kafka::Header& header) { return header.name == "ce_specversion"; });
}

Result<void> add_attribute(json::Object& event, std::string name, json::Value value) {
  const bool is_there = std::any_of(event.begin(), event.end(),
                                    [&](const auto& member) { return member.first == name; });
  if (is_there) return json::validation_error({{"/" + name, "duplicate", "stands more than once"}});
  event.emplace_back(std::move(name), std::move(value));
  return {};
}

/// A header's text goes through the parser: it is UTF-8, or the record is malformed.
Result<json::Value> text_of(const kafka::Header& header) {
  std::string text;
  json::append_string(text, header.value);
  return json::parse(text);
}

/// The event as structured mode has it.
Result<json::Value> open_binary(const kafka::Received& record, const std::string& content_type) {
  json::Object event;
  if (!content_type.empty())
    TRY(add_attribute(event, "datacontenttype", json::Value(content_type)));
  for (const kafka::Header& header : record.headers) {
    if (!header.name.starts_with(attribute_prefix)) continue;
    TRY(add_attribute(event, header.name.substr(attribute_prefix.size()), TRY(text_of(header))));
  }
  // Data that is no JSON is not looked at: its type is refused by name.
  const bool is_readable = content_type.empty() || is_json_type(content_type);
  if (is_readable && !record.value.empty()) {
    TRY(add_attribute(event, "data", TRY(json::parse(record.value))));
  } else if (!is_readable) {
    TRY(add_attribute(event, "data", json::Value(json::Object())));
  }
  return json::Value(std::move(event));
}

Result<Parcel> open_batch(const std::string& value) {
  const json::Value document = TRY(json::parse(value));
  if (const json::Array* events = document.as_array()) return Parcel{*events, true};
  return json::validation_error({{"", "wrong_type", "must be an array: the record is a batch"}});
}

}  // namespace

bool is_content_type(std::string_view header_name) {
  return lower(header_name) == content_type_header;
}

Result<Parcel> open_record(const kafka::Received& record) {
  const std::string content_type = content_type_of(record);
  if (content_type.starts_with(batch_type)) return open_batch(record.value);
  const bool is_structured = content_type.starts_with(structured_type);
  const bool has_attributes_outside = !is_structured && is_binary(record);
  json::Value event;
  if (has_attributes_outside) {
    event = TRY(open_binary(record, content_type));
  } else {
    event = TRY(json::parse(record.value));
  }
  Parcel contents;
  contents.events.push_back(std::move(event));
  return contents;
}

OutgoingRecord to_record(const events::Event& event, std::string_view source,
                         CloudEventsMode mode) {
  if (mode == CloudEventsMode::structured) {
    return {to_cloud_event(event, source),
            {{std::string(content_type_header), "application/cloudevents+json"}}};
  }
  return {std::string(events::data_of(event)),
          {{"ce_specversion", "1.0"},
           {"ce_id", event.id.str()},
           {"ce_source", std::string(source)},
           {"ce_type", std::string(event.type)},
           {"ce_subject", std::string(event.subject)},
           {"ce_time", event.created_at.rfc3339()},
           {"ce_tenant", event.tenant.str()},
           {std::string(content_type_header), "application/json"}}};
}

}  // namespace florin::relay
