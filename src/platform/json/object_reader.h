#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/currency.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "platform/json/value.h"

namespace florin::json {

/// The maximum of a rule that bounds no size.
inline constexpr auto any_size = std::numeric_limits<std::size_t>::max();

struct TextRule {
  std::size_t min_length = 1;  ///< Bytes of UTF-8.
  std::size_t max_length = 255;
};
struct IntegerRule {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};
struct ItemsRule {
  std::size_t min = 0;
  std::size_t max = 1'000;
};

/// Reads the members of one object and collects every bad field, each with its JSON pointer.
/// A getter gives nothing when the member is absent (or null) or bad; what is bad is in `problems`.
/// At the end call `reject_unknown()`.
///
///   std::vector<FieldError> problems;
///   ObjectReader body(document, "", problems);
///   const auto code = body.required_text("code", {1, 200});
///   body.reject_unknown();
///   if (!problems.empty()) return validation_error(std::move(problems));
class ObjectReader {
 public:
  /// `pointer` is where the object lies in the document ("" for the whole). A value that is no
  /// object is a problem of its own.
  ObjectReader(const Value& object, std::string pointer, std::vector<FieldError>& problems);

  std::optional<std::string> required_text(std::string_view name, TextRule rule = {});
  std::optional<std::string> optional_text(std::string_view name, TextRule rule = {});
  std::optional<std::int64_t> required_integer(std::string_view name, IntegerRule rule = {});
  std::optional<std::int64_t> optional_integer(std::string_view name, IntegerRule rule = {});
  std::optional<bool> optional_bool(std::string_view name);
  /// A code of ISO 4217. Rules: unknown_currency.
  std::optional<Currency> required_currency(std::string_view name = "currency");
  std::optional<Currency> optional_currency(std::string_view name = "currency");
  /// A time of RFC 3339. Rules: must_be_timestamp.
  std::optional<Timestamp> optional_time(std::string_view name);
  const Array* required_array(std::string_view name, std::size_t min_items, std::size_t max_items);
  const Object* optional_object(std::string_view name);
  /// The raw member, marked as known; nullptr when absent. A JSON null is returned as such.
  const Value* member(std::string_view name);
  bool has(std::string_view name) const;  ///< Present, null or not.

  /// Adds a problem at a member: `rule` is a snake_case word of docs/errors.md.
  void problem(std::string_view name, std::string_view rule, std::string detail);
  /// Every member that nobody asked for becomes a problem with rule `unknown_field`.
  void reject_unknown();
  std::string pointer_to(std::string_view name) const;

 private:
  const Value* find(std::string_view name, bool required);
  std::optional<std::string> text(std::string_view name, TextRule rule, bool required);
  std::optional<std::int64_t> integer(std::string_view name, IntegerRule rule, bool required);
  std::optional<Currency> currency(std::string_view name, bool required);

  const Object* object_;
  std::string pointer_;
  std::vector<FieldError>& problems_;
  std::vector<std::string_view> known_;
};

/// Rules it reports: required, wrong_type, must_be_integer, too_short, too_long, too_small,
/// too_large, too_few, too_many, unknown_field, control_characters, unknown_currency,
/// must_be_timestamp.
Error validation_error(std::vector<FieldError> problems);

}  // namespace florin::json
