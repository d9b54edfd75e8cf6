#include "webhooks/delivery/signature.h"

#include "platform/crypto/base64.h"
#include "platform/crypto/hash.h"
#include "platform/crypto/random.h"
#include "platform/crypto/vault.h"

namespace florin::webhooks {
namespace {

constexpr std::string_view hmac_prefix = "whsec_";
constexpr std::string_view sign_prefix = "whsk_";
constexpr std::string_view public_prefix = "whpk_";
constexpr std::size_t seed_bytes = 32;

bool is_valid_at(const std::optional<Timestamp>& expires_at, Timestamp now) {
  return !expires_at || now < *expires_at;
}

/// The bytes behind `whsec_`; nothing when it is not there or they are not so many.
std::optional<std::string> decoded_key(const Secret& text) {
  if (!text.reveal().starts_with(hmac_prefix)) return std::nullopt;
  auto key = crypto::from_base64(text.reveal().substr(hmac_prefix.size()));
  if (!key || key->size() < 24 || key->size() > 64) return std::nullopt;
  return key;
}

}  // namespace

std::optional<SecretFault> broken_secret_rule(const Secret& text) {
  constexpr std::size_t min_text_bytes = 16;
  const bool is_good = text.reveal().starts_with(hmac_prefix)
                           ? decoded_key(text).has_value()
                           : text.reveal().size() >= min_text_bytes;
  if (is_good) return guessable_secret(hmac_key_of(text));
  return SecretFault{
      "malformed_secret",
      "must be whsec_ and base64 of 24 to 64 bytes, or other text of at least 16 bytes"};
}

Secret hmac_key_of(const Secret& text) {
  auto key = decoded_key(text);
  return key ? Secret(*std::move(key)) : text;
}

Secret new_hmac_secret() {
  return Secret(std::string(hmac_prefix) + crypto::to_base64(crypto::random_bytes(32)));
}

Secret new_ed25519_secret() {
  const auto key = crypto::Ed25519KeyPair::generate();
  return Secret(std::string(sign_prefix) +
                crypto::to_base64(std::string(key.seed().reveal()) + key.public_key()));
}

std::optional<crypto::Ed25519KeyPair> ed25519_key_of(const Secret& text) {
  const std::string_view given = text.reveal();
  if (!given.starts_with(sign_prefix)) return std::nullopt;
  const auto bytes = crypto::from_base64(given.substr(sign_prefix.size()));
  if (!bytes || bytes->size() != 2 * seed_bytes) return std::nullopt;
  crypto::Ed25519KeyPair key(Secret(bytes->substr(0, seed_bytes)));
  if (key.public_key() != bytes->substr(seed_bytes)) return std::nullopt;
  return key;
}

std::string public_key_text(const crypto::Ed25519KeyPair& key) {
  return std::string(public_prefix) + crypto::to_base64(key.public_key());
}

Result<Signer> Signer::make(const std::vector<EndpointSecret>& secrets) {
  const Error no_key{crypto::errors::secret_unreadable,
                     "a stored webhook secret is not a valid key"};
  Signer signer;
  for (auto secret = secrets.rbegin(); secret != secrets.rend(); ++secret) {
    if (secret->kind == SecretKind::hmac) {
      signer.hmac_keys_.push_back({hmac_key_of(secret->text), secret->text, secret->expires_at});
    } else {
      auto key = ed25519_key_of(secret->text);
      if (!key) return no_key;
      signer.sign_keys_.push_back({*std::move(key), secret->expires_at});
    }
  }
  if (signer.hmac_keys_.empty() || signer.sign_keys_.empty()) return no_key;
  return signer;
}

std::string Signer::standard(const Message& message, Timestamp now) const {
  std::string content(message.id);
  content += '.';
  content += std::to_string(message.timestamp_s);
  content += '.';
  content += message.body;
  std::string header;
  const auto add = [&](std::string_view version, std::string_view signature) {
    if (!header.empty()) header += ' ';
    header += version;
    header += crypto::to_base64(signature);
  };
  for (const HmacKey& one : hmac_keys_) {
    if (is_valid_at(one.expires_at, now))
      add("v1,", crypto::bytes_of(crypto::hmac_sha256(one.key.reveal(), content)));
  }
  for (const SignKey& one : sign_keys_) {
    if (is_valid_at(one.expires_at, now)) add("v1a,", one.key.sign(content));
  }
  return header;
}

std::string Signer::timed(const Message& message, Timestamp now) const {
  const std::string at = std::to_string(message.timestamp_s);
  std::string content = at + ".";
  content += message.body;
  std::string header = "t=" + at;
  for (const HmacKey& one : hmac_keys_) {
    if (!is_valid_at(one.expires_at, now)) continue;
    header += ",v1=";
    header += crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(one.text.reveal(), content)));
  }
  return header;
}

std::string Signer::plain(std::string_view body) const {
  return crypto::to_hex(
      crypto::bytes_of(crypto::hmac_sha256(hmac_keys_.front().key.reveal(), body)));
}

}  // namespace florin::webhooks
