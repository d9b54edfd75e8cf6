#include "hub/partner_gate.h"

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

Error refused() {
  return {errors::invalid_signature,
          "X-Signature does not fit X-Partner-Id, X-Timestamp and the body"};
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

Result<Admitted> admit(const Partners& partners, const http::Request& request, Timestamp now) {
  const std::string_view timestamp = TRY(timestamp_of(request, now));
  PartnerPtr partner = partners.by_code(request.header("X-Partner-Id").value_or(default_partner));
  if (!partner || !partner->partner.is_active) return refused();
  std::string message = request.body;
  message += timestamp;
  const auto digest = fitting_digest(*partner, message, request.header("X-Signature").value_or(""));
  if (!digest) return refused();
  TRY(take_token(*partner, now));
  Admitted admitted{std::move(partner), {}};
  std::memcpy(admitted.signature.data(), digest->data(), admitted.signature.size());
  return admitted;
}

}  // namespace florin::hub
