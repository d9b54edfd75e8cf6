#include "webhooks/delivery/attempt.h"

#include <algorithm>
#include <utility>

#include "platform/json/value.h"

namespace florin::webhooks {
namespace {

constexpr std::size_t kept_body_bytes = 4 * 1024;
constexpr std::size_t kept_header_bytes = 512;
constexpr std::size_t kept_headers = 64;
/// More than is kept, so that a longer response does not cost its connection.
constexpr std::size_t read_body_bytes = 64 * 1024;

/// The length of the UTF-8 sequence at the start of `bytes`; 0 when it is none, or is U+0000.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (at(i) >> 6 != 0b10) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte.
  const bool bad = (first == 0xE0 && at(1) < 0xA0) || (first == 0xED && at(1) > 0x9F) ||
                   (first == 0xF0 && at(1) < 0x90) || (first == 0xF4 && at(1) > 0x8F);
  return bad ? 0 : length;
}

/// A JSON object. A name that comes twice is joined, as RFC 9110 5.3 allows: members are unique.
std::string headers_json(const std::vector<http_client::Header>& headers) {
  json::Object object;
  for (const auto& header : headers) {
    const std::string name = as_utf8(header.name, kept_header_bytes);
    std::string value = as_utf8(header.value, kept_header_bytes);
    const auto known = std::find_if(object.begin(), object.end(),
                                    [&](const auto& member) { return member.first == name; });
    if (known != object.end()) {
      known->second = *known->second.as_string() + ", " + value;
    } else if (object.size() < kept_headers) {
      object.emplace_back(name, std::move(value));
    }
  }
  return json::serialize(json::Value(std::move(object)));
}

}  // namespace

http_client::Request request_of(const Endpoint& endpoint, const Credentials& credentials,
                                const events::Event& event, Timestamp now) {
  const std::string id = event.id.str();
  const std::int64_t seconds = now.us / 1'000'000;
  http_client::Request request;
  request.url = endpoint.url;
  request.body = event.payload;
  request.timeout_ms = endpoint.policy.timeout_ms;
  request.connect_timeout_ms = std::min(request.connect_timeout_ms, request.timeout_ms);
  request.max_response_bytes = read_body_bytes;
  request.addresses =
      endpoint.is_trusted ? http_client::AddressRule::any : http_client::AddressRule::public_only;
  request.certificate = credentials.certificate;
  request.trusted_ca_pem = endpoint.tls.trusted_ca_pem.value_or("");
  request.headers = {
      {"Content-Type", "application/json"},
      {"webhook-id", id},
      {"webhook-timestamp", std::to_string(seconds)},
      {"webhook-signature", credentials.signer.standard({id, seconds, request.body}, now)},
      {"Florin-Signature", credentials.signer.timed({id, seconds, request.body}, now)},
      {"X-Webhook-Signature", credentials.signer.plain(request.body)},
  };
  return request;
}

Attempt attempt_of(const std::vector<http_client::Header>& sent,
                   const Result<http_client::Response>& received,
                   std::optional<int> broken_status) {
  Attempt attempt;
  attempt.request_headers = headers_json(sent);
  attempt.response_headers = "{}";
  if (!received) {
    attempt.error = std::string(received.error().code.name);
    attempt.status = broken_status;
    return attempt;
  }
  attempt.status = received->status;
  if (const auto fault = error_of_status(received->status)) attempt.error = std::string(*fault);
  attempt.response_headers = headers_json(received->headers);
  attempt.response_body = as_utf8(received->body, kept_body_bytes);
  attempt.is_truncated = received->is_cut_off || received->body.size() > kept_body_bytes;
  return attempt;
}

AttemptResponse response_of(const Result<http_client::Response>& received, Timestamp now) {
  if (!received) return {};
  return {received->status, http_client::retry_after_s(*received, now.us / 1'000'000)};
}

std::string as_utf8(std::string_view bytes, std::size_t max_bytes) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    const std::string_view next = length == 0 ? replacement : bytes.substr(0, length);
    if (text.size() + next.size() > max_bytes) break;
    text += next;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

}  // namespace florin::webhooks
