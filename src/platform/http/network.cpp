#include "platform/http/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace florin::http {
namespace {

constexpr int all_bits = 128;
constexpr int mapped_bits = 96;  // Before the bits of an IPv4 address in IPv6.

/// The number behind the slash; -1 when it is none.
int number_in(std::string_view text) {
  int number = -1;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  return fault == std::errc() && end == text.data() + text.size() ? number : -1;
}

}  // namespace

std::optional<Network::Bytes> Network::bytes_of(std::string_view address) {
  const std::string text(address);
  Bytes bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) != 1) return std::nullopt;
  bytes = {};
  bytes[10] = bytes[11] = 0xFF;
  std::copy(v4.begin(), v4.end(), bytes.begin() + mapped_bits / 8);
  return bytes;
}

std::optional<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto base = bytes_of(address);
  if (!base) return std::nullopt;
  Network network;
  network.base_ = *base;
  network.bits_ = all_bits;
  if (slash == std::string_view::npos) return network;
  const int before = address.find(':') == std::string_view::npos ? mapped_bits : 0;
  const int bits = number_in(text.substr(slash + 1));
  if (bits < 0 || bits > all_bits - before) return std::nullopt;
  network.bits_ = before + bits;
  return network;
}

bool Network::contains(std::string_view address) const {
  const auto bytes = bytes_of(address);
  if (!bytes) return false;
  for (int bit = 0; bit < bits_; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if (((*bytes)[byte] & mask) != (base_[byte] & mask)) return false;
  }
  return true;
}

}  // namespace florin::http
