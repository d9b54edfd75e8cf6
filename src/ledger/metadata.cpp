#include "ledger/metadata.h"

#include "platform/json/value.h"

namespace florin::ledger {

std::optional<std::string> metadata_value(std::string_view metadata, std::string_view key) {
  if (metadata == "{}") return std::nullopt;
  const auto document = json::parse(metadata);
  if (!document) return std::nullopt;
  const json::Value* value = document->find(key);
  if (!value || value->is_null()) return std::nullopt;
  if (const std::string* text = value->as_string()) return *text;
  return json::serialize(*value);
}

}  // namespace florin::ledger
