#include "ledger/metadata.h"

#include "platform/json/value.h"

namespace florin::ledger {
namespace {

constexpr std::size_t max_bytes = 16 * 1024;
constexpr std::string_view too_long = "must not be longer than 16384 bytes";

std::optional<std::string> read_value(const json::Value& value, json::Place& place) {
  if (value.is_null()) return "{}";
  if (!value.as_object()) {
    place.problem({"wrong_type", "must be an object"});
    return std::nullopt;
  }
  std::string text = json::serialize(value);
  if (text.size() <= max_bytes) return text;
  place.problem({"too_long", std::string(too_long)});
  return std::nullopt;
}

json::Object schema(const json::Limits&) { return json::schema_reference("Metadata"); }

/// Nothing when it is absent, or the metadata is damaged.
std::optional<json::Value> member(std::string_view metadata, std::string_view key) {
  if (metadata == "{}") return std::nullopt;
  const auto document = json::parse(metadata);
  const json::Value* value = document ? document->find(key) : nullptr;
  return value ? std::optional(*value) : std::nullopt;
}

std::string text_of(const json::Value& value) {
  const std::string* text = value.as_string();
  return text ? *text : json::serialize(value);
}

}  // namespace

std::string read_metadata(json::ObjectReader& body) {
  const json::Object* members = body.optional_object("metadata");
  if (!members) return "{}";
  std::string text = json::serialize(json::Value(*members));
  if (text.size() > max_bytes) body.problem("metadata", "too_long", std::string(too_long));
  return text;
}

json::Codec<std::string> metadata_codec() {
  return {read_value, [](json::Writer& writer, const std::string& text) { writer.raw(text); },
          schema};
}

std::optional<std::string> metadata_text(std::string_view metadata, std::string_view key) {
  const auto value = member(metadata, key);
  return value ? std::optional(text_of(*value)) : std::nullopt;
}

std::optional<std::string> metadata_group(std::string_view metadata, std::string_view key) {
  const auto value = member(metadata, key);
  return value && !value->is_null() ? std::optional(text_of(*value)) : std::nullopt;
}

}  // namespace florin::ledger
