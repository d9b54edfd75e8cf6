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

std::vector<std::string> texts(std::string_view text) {
  std::vector<std::string> found;
  const auto document = json::parse(text);
  if (!document || !document->as_array()) return found;
  for (const json::Value& item : *document->as_array()) {
    if (item.as_string()) found.push_back(*item.as_string());
  }
  return found;
}

std::vector<std::int64_t> integers(std::string_view text) {
  std::vector<std::int64_t> found;
  const auto document = json::parse(text);
  if (!document || !document->as_array()) return found;
  for (const json::Value& item : *document->as_array()) {
    if (item.as_integer()) found.push_back(*item.as_integer());
  }
  return found;
}

FieldFilter filter(std::string_view text) {
  const auto document = json::parse(text);
  return document && document->as_object() ? filter(*document->as_object()) : FieldFilter();
}

FieldFilter filter(const json::Object& object) {
  FieldFilter found;
  for (const auto& [path, value] : object) {
    found[path] = value.as_array() ? *value.as_array() : std::vector{value};
  }
  return found;
}

}  // namespace florin::webhooks::stored
