#include "platform/json/checks.h"

#include <algorithm>

namespace florin::json {
namespace {

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = type == "integer" || type == "array" || type == "object";
  return (vowel ? "an " : "a ") + std::string(type);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

void append_token(std::string& out, std::string_view name) {
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string wrong_type_detail(std::string_view expected, const Value& found) {
  return "must be " + with_article(expected) + ", not " + with_article(found.type_name());
}

std::optional<BrokenRule> broken_text_rule(const Value& value, TextRule rule) {
  const std::string* text = value.as_string();
  if (text == nullptr) return BrokenRule{"wrong_type", wrong_type_detail("string", value)};
  if (text->size() < rule.min_length)
    return BrokenRule{"too_short", "must have at least " + counted(rule.min_length, "byte")};
  if (text->size() > rule.max_length)
    return BrokenRule{"too_long", "must have at most " + counted(rule.max_length, "byte")};
  if (std::any_of(text->begin(), text->end(), is_control))
    return BrokenRule{"control_characters", "must not have control characters"};
  return std::nullopt;
}

std::optional<BrokenRule> broken_integer_rule(const Value& value, IntegerRule rule) {
  if (value.as_decimal() != nullptr) {
    return BrokenRule{"must_be_integer",
                      "must be a whole number of 64 bits, written without fraction or exponent"};
  }
  const std::int64_t* number = value.as_integer();
  if (number == nullptr) return BrokenRule{"wrong_type", wrong_type_detail("integer", value)};
  if (*number < rule.min)
    return BrokenRule{"too_small", "must be at least " + std::to_string(rule.min)};
  if (*number > rule.max)
    return BrokenRule{"too_large", "must be at most " + std::to_string(rule.max)};
  return std::nullopt;
}

std::optional<BrokenRule> broken_array_rule(const Value& value, ItemsRule rule) {
  const Array* items = value.as_array();
  if (items == nullptr) return BrokenRule{"wrong_type", wrong_type_detail("array", value)};
  if (items->size() < rule.min)
    return BrokenRule{"too_few", "must have at least " + counted(rule.min, "item")};
  if (items->size() > rule.max)
    return BrokenRule{"too_many", "must have at most " + counted(rule.max, "item")};
  return std::nullopt;
}

}  // namespace florin::json
