#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace florin::crypto {

/// The first 4 bytes name the key, the other 16 are a BLAKE2b-128 of the sealed bytes under it.
using Seal = std::array<char, 20>;
inline std::string_view bytes_of(const Seal& seal) { return {seal.data(), seal.size()}; }

/// Seals rows of the database, so that who can write them but has no key is found out. Derived from
/// the master key for this alone. Immutable, safe for concurrent use.
class SealKey {
 public:
  explicit SealKey(const Secret& master);

  Seal seal(std::string_view bytes) const;

  enum class Fit : std::uint8_t {
    fits,
    differs,   ///< Not of these bytes, or no seal at all.
    other_key  ///< Made with another key: it cannot be checked with this one.
  };
  Fit check(std::string_view seal, std::string_view bytes) const;

  /// Says which key it is, and nothing of the key: 8 hexadecimal digits.
  std::string name() const;
  static std::string name_of(std::string_view seal);

 private:
  Secret key_;
  std::array<char, 4> id_{};
};

}  // namespace florin::crypto
