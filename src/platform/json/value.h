#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace florin::json {

class Value;
using Array = std::vector<Value>;
/// Members in the order they were written; keys are unique (the parser refuses duplicates).
using Object = std::vector<std::pair<std::string, Value>>;

/// A number that is no 64-bit integer (fraction, exponent, too large), kept as it was written:
/// money never passes through a double.
struct Decimal {
  std::string text;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};

/// A JSON document as a value.
class Value {
 public:
  using Data =
      std::variant<std::nullptr_t, bool, std::int64_t, Decimal, std::string, Array, Object>;

  Value() = default;
  Value(std::nullptr_t) {}                               // NOLINT: implicit on purpose
  Value(bool v) : data_(v) {}                            // NOLINT
  Value(std::int64_t v) : data_(v) {}                    // NOLINT
  Value(int v) : data_(static_cast<std::int64_t>(v)) {}  // NOLINT
  Value(Decimal v) : data_(std::move(v)) {}              // NOLINT
  Value(std::string v) : data_(std::move(v)) {}          // NOLINT
  Value(std::string_view v) : data_(std::string(v)) {}   // NOLINT
  Value(const char* v) : data_(std::string(v)) {}        // NOLINT
  Value(Array v) : data_(std::move(v)) {}                // NOLINT
  Value(Object v) : data_(std::move(v)) {}               // NOLINT

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data_); }
  const Decimal* as_decimal() const { return std::get_if<Decimal>(&data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const Array* as_array() const { return std::get_if<Array>(&data_); }
  const Object* as_object() const { return std::get_if<Object>(&data_); }
  /// The member of that name; nullptr when there is none or this is no object.
  const Value* find(std::string_view key) const;
  /// "null", "boolean", "integer", "number", "string", "array" or "object".
  std::string_view type_name() const;

  friend bool operator==(const Value&, const Value&) = default;

 private:
  Data data_;
};

/// No document may nest deeper, whatever its limits say: values are built and freed by recursion.
inline constexpr std::size_t deepest_nesting = 512;

struct ParseLimits {
  std::size_t max_depth = 32;  ///< Arrays and objects inside each other.
  /// In the whole document: a value takes 40 bytes and more where the text has two.
  std::size_t max_values = 2'000'000;
  /// Of the arrays and objects that are not complete yet, and so in any one of them.
  std::size_t max_open_values = 100'000;
};

/// Parses one document. Errors: malformed_json for bad syntax, duplicate keys, bad UTF-8, U+0000 in
/// text (PostgreSQL cannot hold it), depth, too many values, an exponent beyond 32 bits, and
/// anything after the document; the detail names the rule and the byte position, and never quotes
/// the document.
Result<Value> parse(std::string_view text, ParseLimits limits = {});

/// Compact text; members in their order.
std::string serialize(const Value& value);

namespace errors {
/// The body is not one JSON document of RFC 8259 (syntax, duplicate key, UTF-8), or it nests too
/// deep or has too many values (100,000 in one array or object, 2,000,000 in all).
inline constexpr ErrorCode malformed_json{ErrorKind::invalid, "malformed_json"};
}  // namespace errors

}  // namespace florin::json
