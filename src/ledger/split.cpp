#include "ledger/split.h"

#include <charconv>
#include <numeric>

namespace florin::ledger {
namespace {

constexpr std::int64_t max_denominator = 1'000'000;

/// Digits alone, without sign or space.
std::optional<std::int64_t> parse_digits(std::string_view text) {
  if (text.empty() || text.size() > 9 || text.find_first_not_of("0123456789") != text.npos)
    return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Portion> portion_of(std::int64_t numerator, std::int64_t denominator) {
  if (numerator < 1 || denominator < numerator || denominator > max_denominator)
    return std::nullopt;
  const std::int64_t common = std::gcd(numerator, denominator);
  return Portion{numerator / common, denominator / common};
}

std::optional<Portion> parse_percent(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view decimals =
      point == text.npos ? std::string_view("0") : text.substr(point + 1);
  const auto whole = parse_digits(text.substr(0, point));
  auto part = parse_digits(decimals);
  if (!whole || !part || *whole > 100 || decimals.size() > 4) return std::nullopt;
  for (std::size_t i = decimals.size(); i < 4; ++i) *part *= 10;
  return portion_of(*whole * 10'000 + *part, max_denominator);
}

}  // namespace

std::optional<Portion> Portion::parse(std::string_view text) {
  if (text.ends_with('%')) return parse_percent(text.substr(0, text.size() - 1));
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto numerator = parse_digits(text.substr(0, slash));
  const auto denominator = parse_digits(text.substr(slash + 1));
  if (!numerator || !denominator) return std::nullopt;
  return portion_of(*numerator, *denominator);
}

}  // namespace florin::ledger
