#pragma once
#include <string>
#include <string_view>

#include "base/secret.h"

namespace florin::crypto {

/// A key pair of Ed25519 (RFC 8032) from its 32-byte seed.
class Ed25519KeyPair {
 public:
  static Ed25519KeyPair generate();
  /// `seed` has 32 bytes.
  explicit Ed25519KeyPair(const Secret& seed);

  const Secret& seed() const { return seed_; }
  const std::string& public_key() const { return public_key_; }  ///< 32 bytes.
  std::string sign(std::string_view message) const;              ///< 64 bytes.

 private:
  Secret seed_, secret_key_;
  std::string public_key_;
};

}  // namespace florin::crypto
