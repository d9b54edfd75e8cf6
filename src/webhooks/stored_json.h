#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/json/value.h"

/// Lists and objects as they stand in text columns. What is read was written here; anything else is
/// nothing: an empty list would stand for every event.
namespace florin::webhooks::stored {

using FieldFilter = std::map<std::string, std::vector<json::Value>>;

std::string text_of(const std::vector<std::string>& texts);
std::string text_of(const std::vector<std::int64_t>& integers);
/// A path with one value is written without its list, as clients may give it.
std::string text_of(const FieldFilter& filter);

std::optional<std::vector<std::string>> texts(std::string_view text);
std::optional<std::vector<std::int64_t>> integers(std::string_view text);
std::optional<FieldFilter> filter_of_text(std::string_view text);
FieldFilter filter(const json::Object& object);

}  // namespace florin::webhooks::stored
