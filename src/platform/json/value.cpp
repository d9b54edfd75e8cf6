#include "platform/json/value.h"

#include <array>

namespace florin::json {

const Value* Value::find(std::string_view key) const {
  const Object* members = as_object();
  if (members == nullptr) return nullptr;
  for (const auto& [name, value] : *members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string_view Value::type_name() const {
  // In the order of Data's alternatives.
  static constexpr std::array<std::string_view, std::variant_size_v<Data>> names = {
      "null", "boolean", "integer", "number", "string", "array", "object"};
  return names[data_.index()];
}

}  // namespace florin::json
