#include "sandbox/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace florin::sandbox {
namespace {

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<std::int64_t> parse_amount(std::string_view text, Currency currency) {
  const bool is_negative = text.starts_with('-');
  const std::string_view number = text.substr(is_negative ? 1 : 0);
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  const std::string_view part =
      point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
  const std::size_t digits = static_cast<std::size_t>(currency.digits());
  if (whole.empty() || !all_digits(whole) || !all_digits(part)) return std::nullopt;
  if (part.size() > digits || (point != std::string_view::npos && part.empty()))
    return std::nullopt;

  std::string minor = is_negative ? "-" : "";
  minor.append(whole).append(part).append(digits - part.size(), '0');
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(minor.data(), minor.data() + minor.size(), value);
  if (error != std::errc() || end != minor.data() + minor.size()) return std::nullopt;
  return value;
}

std::string format_amount(std::int64_t minor, Currency currency) {
  const std::size_t digits = static_cast<std::size_t>(currency.digits());
  std::string text = std::to_string(minor);
  const std::size_t sign = minor < 0 ? 1 : 0;
  if (text.size() - sign <= digits) text.insert(sign, digits + 1 - (text.size() - sign), '0');
  if (digits > 0) text.insert(text.size() - digits, ".");
  return text;
}

}  // namespace florin::sandbox
