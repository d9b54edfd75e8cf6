#include "hub/operator/amount_text.h"

#include <algorithm>
#include <charconv>

namespace florin::hub::operators {
namespace {

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string amount_text(const Money& amount) {
  const auto digits = static_cast<std::size_t>(amount.currency.digits());
  std::string text = std::to_string(amount.minor);
  const std::size_t sign = amount.minor < 0 ? 1 : 0;
  const std::size_t length = text.size() - sign;
  if (length <= digits) text.insert(sign, digits + 1 - length, '0');
  if (digits > 0) text.insert(text.size() - digits, ".");
  return text;
}

std::optional<std::int64_t> parse_amount_text(std::string_view text, Currency currency) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::string_view number = text.substr(sign);
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  const bool has_point = point != std::string_view::npos;
  const std::string_view part = has_point ? number.substr(point + 1) : std::string_view();
  const auto digits = static_cast<std::size_t>(currency.digits());
  if (!is_digits(whole) || (has_point && !is_digits(part)) || part.size() > digits) return {};

  std::string minor(text.substr(0, sign));
  minor.append(whole).append(part).append(digits - part.size(), '0');
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(minor.data(), minor.data() + minor.size(), value);
  if (fault != std::errc() || end != minor.data() + minor.size()) return std::nullopt;
  return value;
}

}  // namespace florin::hub::operators
