#include "webhooks/stored_json.h"

#include "platform/json/writer.h"

namespace florin::webhooks::stored {
namespace {

template <class T>
std::string array_text(const std::vector<T>& items) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  for (const T& item : items) writer.value(item);
  writer.end_array();
  return text;
}

/// Nothing when it is no array, or `value_of` an item is none.
template <class T, class ValueOf>
std::optional<std::vector<T>> array_from(std::string_view text, const ValueOf& value_of) {
  const auto document = json::parse(text);
  if (!document || !document->as_array()) return std::nullopt;
  std::vector<T> found;
  for (const json::Value& item : *document->as_array()) {
    const auto value = value_of(item);
    if (!value) return std::nullopt;
    found.push_back(*value);
  }
  return found;
}

}  // namespace

std::string text_of(const std::vector<std::string>& texts) { return array_text(texts); }
std::string text_of(const std::vector<std::int64_t>& integers) { return array_text(integers); }

std::string text_of(const FieldFilter& filter) {
  json::Object object;
  for (const auto& [path, values] : filter) {
    object.emplace_back(path, values.size() == 1 ? values.front() : json::Value(values));
  }
  return json::serialize(json::Value(std::move(object)));
}

std::optional<std::vector<std::string>> texts(std::string_view text) {
  return array_from<std::string>(text, [](const json::Value& item) { return item.as_string(); });
}

std::optional<std::vector<std::int64_t>> integers(std::string_view text) {
  return array_from<std::int64_t>(text, [](const json::Value& item) { return item.as_integer(); });
}

std::optional<FieldFilter> filter_of_text(std::string_view text) {
  const auto document = json::parse(text);
  if (!document || !document->as_object()) return std::nullopt;
  return filter(*document->as_object());
}

FieldFilter filter(const json::Object& object) {
  FieldFilter found;
  for (const auto& [path, value] : object) {
    found[path] = value.as_array() ? *value.as_array() : std::vector{value};
  }
  return found;
}

}  // namespace florin::webhooks::stored
