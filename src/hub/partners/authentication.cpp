#include "hub/partners/authentication.h"

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "base/try.h"
#include "hub/errors.h"
#include "platform/cache/rate_limiter.h"
#include "platform/crypto/hash.h"

namespace florin::hub {
namespace {

constexpr std::int64_t max_skew_s = 300;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::string_view default_partner = "default";

constexpr std::string_view v2_prefix = "v2=";

Error refused() {
  return {errors::invalid_signature,
          "X-Signature does not fit the call, its X-Timestamp and its X-Partner-Id, or is not of "
          "the scheme that the partner signs by"};
}

Result<std::string_view> timestamp_of(const http::Request& request, Timestamp now) {
  const std::string_view text = request.header("X-Timestamp").value_or("");
  std::int64_t seconds = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (fault != std::errc() || end != text.data() + text.size())
    return Error{errors::stale_timestamp, "X-Timestamp must be the time in Unix seconds"};
  const std::int64_t now_s = now.us / second_us;
  if (seconds < now_s - max_skew_s || seconds > now_s + max_skew_s)
    return Error{errors::stale_timestamp, "X-Timestamp is more than 300 s off this server's clock"};
  return text;
}

/// The digest by the secret that fits. Every secret is tried, so that time does not tell which.
std::optional<crypto::Sha256> fitting_digest(const KnownPartner& partner, std::string_view message,
                                             std::string_view signature) {
  std::optional<crypto::Sha256> fitting;
  for (const Secret& secret : partner.secrets) {
    const crypto::Sha256 digest = crypto::hmac_sha256(secret.reveal(), message);
    if (crypto::equal_constant_time(crypto::to_hex(crypto::bytes_of(digest)), signature))
      fitting = digest;
  }
  return fitting;
}

std::string signed_by_body(const http::Request& request, std::string_view timestamp) {
  std::string message = request.body;
  message += timestamp;
  return message;
}

/// Lines of which only the last, the body, can hold a line break.
std::string signed_by_v2(const http::Request& request, std::string_view timestamp) {
  std::string message = "v2\n";
  message.append(timestamp).append("\n").append(request.method).append("\n").append(request.path);
  if (!request.query.empty()) message.append("?").append(request.query);
  message.append("\n").append(request.idempotency_key().value_or("")).append("\n");
  message += request.body;
  return message;
}

Result<void> take_token(const KnownPartner& partner, Timestamp now) {
  if (!partner.limit) return {};
  const cache::Taken taken = partner.limit->take(now);
  if (taken) return {};
  return Error{errors::partner_rate_limited,
               "the partner makes more calls a second than it may",
               {},
               static_cast<int>((taken.wait_us + second_us - 1) / second_us)};
}

}  // namespace

Result<SignedCall> authenticate(const Partners& partners, const http::Request& request,
                                Timestamp now) {
  const std::string_view timestamp = TRY(timestamp_of(request, now));
  PartnerPtr partner = partners.by_code(request.header("X-Partner-Id").value_or(default_partner));
  if (!partner || !partner->partner.is_active()) return refused();
  std::string_view signature = request.header("X-Signature").value_or("");
  // Whoever signs more than the partner must is taken at any time: so a game server changes first.
  const bool is_v2 = signature.starts_with(v2_prefix);
  if (!is_v2 && partner->partner.signature_scheme == SignatureScheme::v2) return refused();
  if (is_v2) signature.remove_prefix(v2_prefix.size());
  const std::string message =
      is_v2 ? signed_by_v2(request, timestamp) : signed_by_body(request, timestamp);
  const auto digest = fitting_digest(*partner, message, signature);
  if (!digest) return refused();
  TRY(take_token(*partner, now));
  SignedCall admitted{std::move(partner), {}};
  std::memcpy(admitted.signature.data(), digest->data(), admitted.signature.size());
  return admitted;
}

}  // namespace florin::hub
