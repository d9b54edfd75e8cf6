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
  /// The key of what is written while the real one is lost. It is no secret, so that its seals are
  /// checksums, which anybody can make; its name is 00000000, which no real key has.
  static SealKey nobodys();

  Seal seal(std::string_view bytes) const;

  enum class Fit : std::uint8_t {
    fits,
    differs,    ///< Not of these bytes, or no seal at all.
    other_key,  ///< Made with another key: it cannot be checked with this one.
    unkeyed     ///< Made with nobody's key, of these bytes: written while the key was lost.
  };
  Fit check(std::string_view seal, std::string_view bytes) const;

  /// Says which key it is, and nothing of the key: 8 hexadecimal digits.
  std::string name() const;
  static std::string name_of(std::string_view seal);
  static bool is_unkeyed(std::string_view seal);
  /// How seals made with nobody's key begin.
  static std::string_view unkeyed_start();

 private:
  SealKey() = default;
  bool has_made(std::string_view seal, std::string_view bytes) const;

  Secret key_;
  std::array<char, 4> id_{};
};

}  // namespace florin::crypto
