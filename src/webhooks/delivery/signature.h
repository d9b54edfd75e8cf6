#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "platform/crypto/ed25519.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// The key of an HMAC secret: the decoded bytes behind `whsec_` when they are 24 to 64, else the
/// bytes of the text.
Secret hmac_key_of(const Secret& text);
Secret new_hmac_secret();
/// "whsk_" and base64 of seed and public key.
Secret new_ed25519_secret();
std::optional<crypto::Ed25519KeyPair> ed25519_key_of(const Secret& text);
/// "whpk_" and base64 of the public key.
std::string public_key_text(const crypto::Ed25519KeyPair& key);

/// What is signed and sent. `id` is that of the event: the same on every attempt.
struct Message {
  std::string_view id;
  std::int64_t timestamp_s = 0;
  std::string_view body;
};

/// The keys of one endpoint, ready to sign. Immutable, safe for concurrent use.
/// Source: Standard Webhooks 1.0.0.
class Signer {
 public:
  /// Secrets in order of their making, of both kinds. Errors: secret_unreadable when one is missing
  /// or an ed25519 key is none.
  static Result<Signer> make(const std::vector<EndpointSecret>& secrets);

  /// `webhook-signature`: "v1,…" of every secret that is valid now, the newest first, then "v1a,…".
  std::string standard(const Message& message, Timestamp now) const;
  /// `Florin-Signature`: "t=…,v1=…", hex HMAC-SHA256 of "<t>.<body>" with the text of each secret
  /// that is valid now, the newest first: what libraries for Stripe's scheme verify.
  std::string timed(const Message& message, Timestamp now) const;
  /// `X-Webhook-Signature`: hex HMAC-SHA256 of the body alone, with the newest secret.
  std::string plain(std::string_view body) const;

 private:
  struct HmacKey {
    Secret key, text;
    std::optional<Timestamp> expires_at;
  };
  struct SignKey {
    crypto::Ed25519KeyPair key;
    std::optional<Timestamp> expires_at;
  };
  std::vector<HmacKey> hmac_keys_;  // Newest first, as are the next.
  std::vector<SignKey> sign_keys_;
};

}  // namespace florin::webhooks
