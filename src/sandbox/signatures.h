#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "base/timestamp.h"

namespace florin::sandbox {

/// How far a signed call's time may be from ours.
inline constexpr std::int64_t longest_skew_s = 300;

/// What the signature of a call to an operator's wallet covers.
struct WalletCall {
  std::string_view timestamp;  ///< Unix seconds, as the header has them.
  std::string_view method;
  std::string_view path;
  std::string_view body;
};

/// Hex HMAC-SHA256 of `timestamp.METHOD.path.hex(SHA-256(body))`.
/// Source: the operator's wallet contract, section 2; vector `operator-hmac`.
std::string sign_wallet_call(const Secret& secret, const WalletCall& call);

/// Hex HMAC-SHA256 of body and timestamp, as game servers sign calls to the hub.
std::string sign_hub_call(const Secret& secret, std::string_view body, std::string_view timestamp);

/// A call to the hub by its second scheme.
struct HubCallV2 {
  std::string_view timestamp, method, path, key, body;
};
/// "v2=" and the hex HMAC-SHA256 of "v2", time, method, path, key and body, each on a line.
std::string sign_hub_call_v2(const Secret& secret, const HubCallV2& call);

/// Hex SHA-256 of body and secret: the `sign` header of the EvenBet-like dialect.
std::string sign_evenbet_call(const Secret& secret, std::string_view body);

/// Whether a header of Unix seconds is within longest_skew_s of now.
bool is_fresh(std::string_view timestamp, Timestamp now);

/// The headers of a signed webhook and its raw body.
struct SignedWebhook {
  std::string_view id, timestamp, signature;
  std::string_view body;
};

/// Whether one of the `v1` signatures of `webhook-signature` is by the secret. Its key is what the
/// base64 after "whsec_" holds; of a text without the prefix both the bytes and what they hold as
/// base64 are taken, since senders differ. The time is not checked.
/// Source: Standard Webhooks, "Signature scheme".
bool is_signed_webhook(const Secret& secret, const SignedWebhook& webhook);

/// Whether `signature` is the hex HMAC-SHA256 of the body (X-Webhook-Signature) with such a key.
bool is_signed_body(const Secret& secret, std::string_view body, std::string_view signature);

}  // namespace florin::sandbox
