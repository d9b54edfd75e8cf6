#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Bytes that are hashed or sealed: integers of a fixed width, little-endian; texts with their
/// length before them. Part of the stored format.
namespace florin::sql::canonical {

inline void put(std::string& out, std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(bits >> (8 * i) & 0xFF);
  out.append(bytes, sizeof bytes);
}

inline void put(std::string& out, std::string_view text) {
  put(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

/// Absent differs from empty.
inline void put(std::string& out, const std::optional<std::string>& text) {
  if (text) {
    put(out, std::string_view(*text));
  } else {
    put(out, std::int64_t{-1});
  }
}

}  // namespace florin::sql::canonical
