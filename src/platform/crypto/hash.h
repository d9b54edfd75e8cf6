#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace florin::crypto {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 of FIPS 180-4.
Sha256 sha256(std::string_view bytes);

/// SHA-256 over pieces, in order.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void update(std::string_view bytes);
  /// The digest; the stream starts anew.
  Sha256 finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// HMAC-SHA256 of RFC 2104.
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

std::string to_hex(std::string_view bytes);
inline std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Compares without telling by its time where the difference lies. Lengths are not secret.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace florin::crypto
