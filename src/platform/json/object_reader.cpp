#include "platform/json/object_reader.h"

#include <algorithm>
#include <utility>

#include "platform/json/checks.h"

namespace florin::json {
namespace {

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

std::optional<Currency> ObjectReader::required_currency(std::string_view name) {
  return currency(name, true);
}

std::optional<Currency> ObjectReader::optional_currency(std::string_view name) {
  return currency(name, false);
}

std::optional<Timestamp> ObjectReader::optional_time(std::string_view name) {
  const auto text = optional_text(name, {1, 64});
  if (!text) return std::nullopt;
  const auto time = Timestamp::parse(*text);
  if (!time) problem(name, "must_be_timestamp", std::string(Timestamp::rule));
  return time;
}

const Array* ObjectReader::required_array(std::string_view name, std::size_t min_items,
                                          std::size_t max_items) {
  const Value* found = find(name, true);
  if (found == nullptr) return nullptr;
  if (auto broken = broken_array_rule(*found, {min_items, max_items})) {
    problem(name, broken->rule, std::move(broken->detail));
    return nullptr;
  }
  return found->as_array();
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
  if (auto broken = broken_text_rule(*found, rule)) {
    problem(name, broken->rule, std::move(broken->detail));
    return std::nullopt;
  }
  return *found->as_string();
}

std::optional<Currency> ObjectReader::currency(std::string_view name, bool required) {
  const auto code = text(name, {1, 16}, required);
  if (!code) return std::nullopt;
  const auto currency = Currency::parse(*code);
  if (!currency)
    problem(name, "unknown_currency", "must be a currency code of ISO 4217, such as EUR");
  return currency;
}

std::optional<std::int64_t> ObjectReader::integer(std::string_view name, IntegerRule rule,
                                                  bool required) {
  const Value* found = find(name, required);
  if (found == nullptr) return std::nullopt;
  if (auto broken = broken_integer_rule(*found, rule)) {
    problem(name, broken->rule, std::move(broken->detail));
    return std::nullopt;
  }
  return *found->as_integer();
}

Error validation_error(std::vector<FieldError> problems) {
  std::string detail = fields_detail(problems);
  return Error{florin::errors::validation_failed, std::move(detail), std::move(problems)};
}

}  // namespace florin::json
