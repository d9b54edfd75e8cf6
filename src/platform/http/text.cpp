#include "platform/http/text.h"

#include <algorithm>

namespace florin::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What may follow one leading byte: so many continuation bytes, the first of them within bounds
/// that keep out overlong forms, surrogates and everything above U+10FFFF.
struct Tail {
  int length = 0;  ///< 0: the byte leads nothing.
  unsigned char first_min = 0x80, first_max = 0xBF;
};

Tail tail_of(unsigned char lead) {
  if (lead >= 0xC2 && lead <= 0xDF) return {1};
  if (lead == 0xE0) return {2, 0xA0, 0xBF};
  if (lead == 0xED) return {2, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {2};
  if (lead == 0xF0) return {3, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {3};
  if (lead == 0xF4) return {3, 0x80, 0x8F};
  return {};
}

}  // namespace

bool same_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_printable_utf8(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (byte(i) < 0x80) {
      if (byte(i) < 0x20 || byte(i) == 0x7F) return false;
      continue;
    }
    const Tail tail = tail_of(byte(i));
    if (tail.length == 0 || i + static_cast<std::size_t>(tail.length) >= bytes.size()) return false;
    if (byte(i + 1) < tail.first_min || byte(i + 1) > tail.first_max) return false;
    for (int k = 2; k <= tail.length; ++k) {
      if ((byte(i + static_cast<std::size_t>(k)) & 0xC0) != 0x80) return false;
    }
    i += static_cast<std::size_t>(tail.length);
  }
  return true;
}

}  // namespace florin::http
