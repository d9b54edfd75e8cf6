#include "base/id.h"

#include <array>

namespace florin::detail {
namespace {

constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr int digits = 13;  // 13 * 5 bits hold 64; the first digit is at most 7 for a positive id.

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    const char c = alphabet[i];
    values[static_cast<unsigned char>(c)] = static_cast<std::int8_t>(i);
    if (c >= 'a') values[static_cast<unsigned char>(c - 'a' + 'A')] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto values = make_values();

}  // namespace

void append_id(std::string& out, std::string_view prefix, std::int64_t value) {
  out += prefix;
  out += '_';
  for (int i = digits - 1; i >= 0; --i) {
    out += alphabet[static_cast<std::size_t>(value >> (5 * i) & 31)];
  }
}

std::optional<std::int64_t> parse_id(std::string_view text, std::string_view prefix) {
  if (text.size() != prefix.size() + 1 + digits) return std::nullopt;
  if (!text.starts_with(prefix) || text[prefix.size()] != '_') return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text.substr(prefix.size() + 1)) {
    const int digit = values[static_cast<unsigned char>(c)];
    if (digit < 0 || value >> 58 != 0) return std::nullopt;
    value = value << 5 | digit;
  }
  return value == 0 ? std::nullopt : std::optional<std::int64_t>(value);
}

}  // namespace florin::detail
