#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/broken_rule.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

/// The rules of one value, shared by ObjectReader and Fields. Nothing: the value keeps its rule.
namespace florin::json {

/// A body of a million wrong members must not become an answer many times its size.
inline constexpr std::size_t max_problems = 1'000;

/// A member's name as RFC 6901 writes it in a pointer.
void append_token(std::string& out, std::string_view name);
/// "1 byte", "2 bytes"
std::string counted(std::size_t count, std::string_view noun);
/// "must be a string, not an integer"
std::string wrong_type_detail(std::string_view expected, const Value& found);

std::optional<BrokenRule> broken_text_rule(const Value& value, TextRule rule);
std::optional<BrokenRule> broken_integer_rule(const Value& value, IntegerRule rule);
std::optional<BrokenRule> broken_array_rule(const Value& value, ItemsRule rule);

}  // namespace florin::json
