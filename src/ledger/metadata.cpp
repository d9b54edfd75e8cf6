#include "ledger/metadata.h"

#include "platform/json/value.h"

namespace florin::ledger {

namespace {

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

std::optional<std::string> metadata_text(std::string_view metadata, std::string_view key) {
  const auto value = member(metadata, key);
  return value ? std::optional(text_of(*value)) : std::nullopt;
}

std::optional<std::string> metadata_group(std::string_view metadata, std::string_view key) {
  const auto value = member(metadata, key);
  return value && !value->is_null() ? std::optional(text_of(*value)) : std::nullopt;
}

}  // namespace florin::ledger
