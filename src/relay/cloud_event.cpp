#include "relay/cloud_event.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "events/events.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::relay {
namespace {

using json::ObjectReader;

/// Source: CloudEvents 1.0.2, "Attribute Naming Convention".
bool is_attribute_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

void check_type(ObjectReader& body, const std::optional<std::string>& type) {
  if (type &&
      std::find(accepted_types.begin(), accepted_types.end(), *type) == accepted_types.end())
    body.problem("type", "unknown_value", "must be sme.kyc.verified or sme.payment.received");
}

std::string read_data(ObjectReader& body) {
  const json::Value* data = body.member("data");
  if (!data) {
    body.problem("data", "required", "is required: a JSON object");
  } else if (!data->as_object()) {
    body.problem("data", "wrong_type", "must be a JSON object");
  } else {
    return json::serialize(*data);
  }
  return {};
}

void check_extensions(ObjectReader& body, const json::Value& document) {
  for (const auto& [name, value] : *document.as_object()) {
    if (!is_attribute_name(name))
      body.problem(name, "unknown_field",
                   "is no attribute of CloudEvents: names have only lower-case events and digits");
  }
}

}  // namespace

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type == "application/json" || type.ends_with("+json");
}

Result<CloudEvent> read_cloud_event(const json::Value& document) {
  std::vector<FieldError> problems;
  ObjectReader body(document, "", problems);
  if (!document.as_object()) return json::validation_error(std::move(problems));
  const auto version = body.required_text("specversion");
  if (version && *version != "1.0") body.problem("specversion", "unknown_value", "must be 1.0");
  const auto id = body.required_text("id");
  const auto source = body.required_text("source");
  const auto type = body.required_text("type");
  check_type(body, type);
  const auto subject = body.optional_text("subject");
  const auto content_type = body.optional_text("datacontenttype");
  if (content_type && !is_json_type(*content_type))
    body.problem("datacontenttype", "unknown_value", "must be application/json");
  CloudEvent event;
  event.time = body.optional_time("time");
  event.tenant = body.optional_text("tenant");
  event.data = read_data(body);
  check_extensions(body, document);
  if (!problems.empty()) return json::validation_error(std::move(problems));
  event.id = *id;
  event.source = *source;
  event.type = *type;
  event.subject = subject.value_or(*id);
  return event;
}

std::string to_cloud_event(const events::Event& event, std::string_view source) {
  const std::string_view data = events::data_of(event);
  std::string text;
  text.reserve(320 + data.size());
  json::Writer(text)
      .begin_object()
      .member("specversion", "1.0")
      .member("id", event.id.str())
      .member("source", source)
      .member("type", event.type)
      .member("subject", event.subject)
      .member("time", event.created_at.rfc3339())
      .member("datacontenttype", "application/json")
      .member("tenant", event.tenant.str())
      .member_raw("data", data)
      .end_object();
  return text;
}

}  // namespace florin::relay
