#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "platform/crypto/seal_key.h"

namespace florin::sql {

/// What the chains say of keys: by this the seals of rows are judged. Filled while the chains are
/// walked, so that they come first.
struct SealFacts {
  /// A loss of the key is noted in the database, and is not accepted: rows may be unkeyed.
  bool is_loss_noted = false;
  bool is_key_used = false;            ///< The key that is here has made a link.
  std::set<std::string> other_keys{};  ///< Names of the others that have.
  /// When the first event with a link was written.
  std::optional<std::int64_t> sealed_since_us{};

  /// A link, and how it fits.
  void hear(crypto::SealKey::Fit fit, std::string_view link) {
    if (fit == crypto::SealKey::Fit::fits) is_key_used = true;
    if (fit == crypto::SealKey::Fit::other_key) other_keys.insert(crypto::SealKey::name_of(link));
  }
  /// A seal of another key is a forgery where keys made links, but never that one.
  bool is_of_no_key(std::string_view seal) const {
    return is_key_used && !other_keys.contains(crypto::SealKey::name_of(seal));
  }
};

}  // namespace florin::sql
