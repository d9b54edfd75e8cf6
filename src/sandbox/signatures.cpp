#include "sandbox/signatures.h"

#include <charconv>
#include <cstdlib>
#include <vector>

#include "platform/crypto/base64.h"
#include "platform/crypto/hash.h"

namespace florin::sandbox {
namespace {

constexpr std::string_view webhook_secret_prefix = "whsec_";

std::string hex_of(const crypto::Sha256& digest) {
  return crypto::to_hex(crypto::bytes_of(digest));
}

std::vector<std::string> webhook_keys(const Secret& secret) {
  const std::string_view text = secret.reveal();
  const bool has_prefix = text.starts_with(webhook_secret_prefix);
  const auto decoded =
      crypto::from_base64(text.substr(has_prefix ? webhook_secret_prefix.size() : 0));
  std::vector<std::string> keys;
  if (decoded) keys.push_back(*decoded);
  if (!has_prefix) keys.emplace_back(text);
  return keys;
}

/// The signatures of one header, which are separated by spaces.
bool has_signature(std::string_view header, std::string_view wanted) {
  while (!header.empty()) {
    const std::size_t space = header.find(' ');
    if (crypto::equal_constant_time(header.substr(0, space), wanted)) return true;
    header.remove_prefix(space == std::string_view::npos ? header.size() : space + 1);
  }
  return false;
}

}  // namespace

std::string sign_wallet_call(const Secret& secret, const WalletCall& call) {
  std::string text(call.timestamp);
  text.append(".").append(call.method).append(".").append(call.path).append(".");
  text += hex_of(crypto::sha256(call.body));
  return hex_of(crypto::hmac_sha256(secret.reveal(), text));
}

std::string sign_hub_call(const Secret& secret, std::string_view body, std::string_view timestamp) {
  return hex_of(crypto::hmac_sha256(secret.reveal(), std::string(body).append(timestamp)));
}

std::string sign_hub_call_v2(const Secret& secret, const HubCallV2& call) {
  std::string text = "v2\n";
  for (const std::string_view line : {call.timestamp, call.method, call.path, call.key})
    text.append(line).append("\n");
  return "v2=" + hex_of(crypto::hmac_sha256(secret.reveal(), text.append(call.body)));
}

std::string sign_evenbet_call(const Secret& secret, std::string_view body) {
  return hex_of(crypto::sha256(std::string(body).append(secret.reveal())));
}

bool is_fresh(std::string_view timestamp, Timestamp now) {
  std::int64_t seconds = 0;
  const char* const end = timestamp.data() + timestamp.size();
  const auto [stopped, error] = std::from_chars(timestamp.data(), end, seconds);
  // The bound keeps the difference within 64 bits.
  if (error != std::errc() || stopped != end || seconds < 0 || timestamp.size() > 12) return false;
  return std::abs(now.us / 1'000'000 - seconds) <= longest_skew_s;
}

bool is_signed_webhook(const Secret& secret, const SignedWebhook& webhook) {
  std::string content(webhook.id);
  content.append(".").append(webhook.timestamp).append(".").append(webhook.body);
  for (const std::string& key : webhook_keys(secret)) {
    const auto digest = crypto::hmac_sha256(key, content);
    if (has_signature(webhook.signature, "v1," + crypto::to_base64(crypto::bytes_of(digest)))) {
      return true;
    }
  }
  return false;
}

bool is_signed_body(const Secret& secret, std::string_view body, std::string_view signature) {
  for (const std::string& key : webhook_keys(secret)) {
    if (crypto::equal_constant_time(hex_of(crypto::hmac_sha256(key, body)), signature)) return true;
  }
  return false;
}

}  // namespace florin::sandbox
