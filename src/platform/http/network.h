#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace florin::http {

/// An address, or all that begin with the same bits ("10.0.0.0/8", "fd00::/8"), IPv4 or IPv6.
class Network {
 public:
  /// Nothing for text that is neither an address nor a network with 0 to 32 (IPv6: 128) bits.
  static std::optional<Network> parse(std::string_view text);

  /// Whether the address is one of them; an IPv4 address in IPv6 ("::ffff:10.0.0.1") counts as the
  /// IPv4 address. False for text that is no address.
  bool contains(std::string_view address) const;

 private:
  /// In IPv6 form, IPv4 mapped into it.
  using Bytes = std::array<std::uint8_t, 16>;
  static std::optional<Bytes> bytes_of(std::string_view address);

  Bytes base_{};
  int bits_ = 0;
};

}  // namespace florin::http
