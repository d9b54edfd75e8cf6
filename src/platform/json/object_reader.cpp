#include "platform/json/object_reader.h"

#include <algorithm>
#include <utility>

namespace florin::json {
namespace {

/// A body of a million wrong members must not become an answer many times its size.
constexpr std::size_t max_problems = 1'000;

/// A member's name as RFC 6901 writes it in a pointer.
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

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = type == "integer" || type == "array" || type == "object";
  return (vowel ? "an " : "a ") + std::string(type);
}

std::string wrong_type_detail(std::string_view expected, const Value& found) {
  return "must be " + with_article(expected) + ", not " + with_article(found.type_name());
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string fields_detail(const std::vector<FieldError>& problems) {
  if (problems.empty()) return "the request is not valid";
  const FieldError& first = problems.front();
  std::string detail = first.pointer.empty() ? "the body" : first.pointer;
  detail += " " + first.detail;
  if (problems.size() > 1) detail += "; " + counted(problems.size() - 1, "more problem");
  return detail;
}

}  // namespace

ObjectReader::ObjectReader(const Value& object, std::string pointer,
                           std::vector<FieldError>& problems)
    : object_(object.as_object()), pointer_(std::move(pointer)), problems_(problems) {
  if (object_ == nullptr) {
    if (problems_.size() < max_problems)
      problems_.push_back({pointer_, "wrong_type", wrong_type_detail("object", object)});
  }
}

std::optional<std::string> ObjectReader::required_text(std::string_view name, TextRule rule) {
  return text(name, rule, true);
}

std::optional<std::string> ObjectReader::optional_text(std::string_view name, TextRule rule) {
  return text(name, rule, false);
}

std::optional<std::int64_t> ObjectReader::required_integer(std::string_view name,
                                                           IntegerRule rule) {
  return integer(name, rule, true);
}

std::optional<std::int64_t> ObjectReader::optional_integer(std::string_view name,
                                                           IntegerRule rule) {
  return integer(name, rule, false);
}

std::optional<bool> ObjectReader::optional_bool(std::string_view name) {
  const Value* found = find(name, false);
  if (found == nullptr) return std::nullopt;
  if (const bool* flag = found->as_bool()) return *flag;
  problem(name, "wrong_type", wrong_type_detail("boolean", *found));
  return std::nullopt;
}

const Array* ObjectReader::required_array(std::string_view name, std::size_t min_items,
                                          std::size_t max_items) {
  const Value* found = find(name, true);
  if (found == nullptr) return nullptr;
  const Array* items = found->as_array();
  if (items == nullptr) {
    problem(name, "wrong_type", wrong_type_detail("array", *found));
    return nullptr;
  }
  if (items->size() < min_items) {
    problem(name, "too_few", "must have at least " + counted(min_items, "item"));
    return nullptr;
  }
  if (items->size() > max_items) {
    problem(name, "too_many", "must have at most " + counted(max_items, "item"));
    return nullptr;
  }
  return items;
}

const Object* ObjectReader::optional_object(std::string_view name) {
  const Value* found = find(name, false);
  if (found == nullptr) return nullptr;
  if (const Object* members = found->as_object()) return members;
  problem(name, "wrong_type", wrong_type_detail("object", *found));
  return nullptr;
}

const Value* ObjectReader::member(std::string_view name) {
  known_.push_back(name);
  if (object_ == nullptr) return nullptr;
  for (const auto& [key, value] : *object_) {
    if (key == name) return &value;
  }
  return nullptr;
}

bool ObjectReader::has(std::string_view name) const {
  if (object_ == nullptr) return false;
  return std::any_of(object_->begin(), object_->end(),
                     [name](const auto& member) { return member.first == name; });
}

void ObjectReader::problem(std::string_view name, std::string_view rule, std::string detail) {
  if (problems_.size() >= max_problems) return;
  problems_.push_back({pointer_to(name), rule, std::move(detail)});
}

void ObjectReader::reject_unknown() {
  if (object_ == nullptr) return;
  for (const auto& [name, value] : *object_) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      problem(name, "unknown_field", "is not a field of this object");
    }
  }
}

std::string ObjectReader::pointer_to(std::string_view name) const {
  std::string pointer = pointer_ + "/";
  append_token(pointer, name);
  return pointer;
}

/// The member when it is there and not null; the missing of a required one is a problem.
const Value* ObjectReader::find(std::string_view name, bool required) {
  const Value* found = member(name);
  if (found != nullptr && !found->is_null()) return found;
  if (required && object_ != nullptr) problem(name, "required", "is required");
  return nullptr;
}

std::optional<std::string> ObjectReader::text(std::string_view name, TextRule rule, bool required) {
  const Value* found = find(name, required);
  if (found == nullptr) return std::nullopt;
  const std::string* value = found->as_string();
  if (value == nullptr) {
    problem(name, "wrong_type", wrong_type_detail("string", *found));
  } else if (value->size() < rule.min_length) {
    problem(name, "too_short", "must have at least " + counted(rule.min_length, "byte"));
  } else if (value->size() > rule.max_length) {
    problem(name, "too_long", "must have at most " + counted(rule.max_length, "byte"));
  } else if (std::any_of(value->begin(), value->end(), is_control)) {
    problem(name, "control_characters", "must not have control characters");
  } else {
    return *value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view name, IntegerRule rule,
                                                  bool required) {
  const Value* found = find(name, required);
  if (found == nullptr) return std::nullopt;
  const std::int64_t* number = found->as_integer();
  if (found->as_decimal() != nullptr) {
    problem(name, "must_be_integer",
            "must be a whole number of 64 bits, written without fraction or exponent");
  } else if (number == nullptr) {
    problem(name, "wrong_type", wrong_type_detail("integer", *found));
  } else if (*number < rule.min) {
    problem(name, "too_small", "must be at least " + std::to_string(rule.min));
  } else if (*number > rule.max) {
    problem(name, "too_large", "must be at most " + std::to_string(rule.max));
  } else {
    return *number;
  }
  return std::nullopt;
}

Error validation_error(std::vector<FieldError> problems) {
  std::string detail = fields_detail(problems);
  return Error{florin::errors::validation_failed, std::move(detail), std::move(problems)};
}

}  // namespace florin::json
