#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace florin::crypto {

/// Seals secrets for the database: XChaCha20-Poly1305 with a random nonce. What a sealed text is
/// for ("webhooks.secret:whe_...") is bound to it: it opens in that place alone. Immutable, safe
/// for concurrent use.
class Vault {
 public:
  /// Any text of at least 16 bytes; the key is derived from it by BLAKE2b. Empty: the key is lost,
  /// and nothing is sealed or opened.
  explicit Vault(const Secret& master);

  /// Printable text (base64). Errors: secret_key_missing.
  Result<std::string> seal(const Secret& secret, std::string_view purpose) const;
  /// Errors: secret_unreadable (another ENCRYPTION_KEY, damaged, or of another place).
  Result<Secret> open(std::string_view sealed, std::string_view purpose) const;

 private:
  Secret key_;
};

namespace errors {
/// A stored secret cannot be decrypted with this encryption key. Start with the key that encrypted
/// it.
inline constexpr ErrorCode secret_unreadable{ErrorKind::internal, "secret_unreadable"};
/// The key that encrypts secrets is lost, so no secret can be created. Put secret.key back, or
/// start with --new-secret-key and set every secret again; see docs/runbook.md.
inline constexpr ErrorCode secret_key_missing{ErrorKind::unavailable, "secret_key_missing"};
}  // namespace errors

}  // namespace florin::crypto
