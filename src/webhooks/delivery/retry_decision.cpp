#include "webhooks/delivery/retry_decision.h"

#include <algorithm>
#include <array>
#include <utility>

namespace florin::webhooks {
namespace {

constexpr std::int64_t max_retry_after_s = 3'600;

/// The error words of attempts: those of error_of_status() and of the HTTP client.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> reasons{{
    {"bad_status", "the response status is not a success"},
    {"redirect_refused", "the response is a redirect, which is not followed"},
    {"gone", "the endpoint answered that it is gone"},
    {"dns_failed", "the name of the host cannot be resolved"},
    {"connection_refused", "nothing accepts connections at the address"},
    {"connect_timed_out", "connecting timed out"},
    {"tls_unknown_authority", "the authority of the server's certificate is not trusted"},
    {"tls_name_mismatch", "the server's certificate is for another name"},
    {"tls_expired", "the server's certificate has expired, or is not valid yet"},
    {"tls_failed", "the TLS handshake failed"},
    {"not_connected", "the connection failed"},
    {"answer_timed_out", "the response timed out"},
    {"closed_early", "the connection was closed before the response was complete"},
    {"no_answer", "there was no complete response"},
    {"address_refused", "the address is private, loopback or reserved, which is not allowed"},
}};

bool is_success(const AttemptResponse& response) {
  return response.status && *response.status >= 200 && *response.status < 300;
}

std::optional<Timestamp> requested_pause(const AttemptResponse& response, Timestamp now) {
  const bool is_honoured = response.status == 429 || response.status == 503;
  if (!is_honoured || response.retry_after_s.value_or(0) <= 0) return std::nullopt;
  return now.plus_seconds(std::min(*response.retry_after_s, max_retry_after_s));
}

}  // namespace

RetryDecision decide(const DeliveryPolicy& policy, const EndedAttempt& ended,
                     const AttemptResponse& response) {
  RetryDecision decision;
  if (is_success(response)) {
    decision.state = DeliveryState::delivered;
    return decision;
  }
  decision.state = DeliveryState::dead_letter;
  decision.is_gone = response.status == 410;
  if (decision.is_gone) return decision;
  decision.paused_until = requested_pause(response, ended.ended_at);
  const auto delays = static_cast<int>(policy.retry_delays_ms.size());
  if (ended.number > delays) return decision;
  decision.state = DeliveryState::failed;
  const auto delay_ms = policy.retry_delays_ms[static_cast<std::size_t>(ended.number - 1)];
  const auto delay_us =
      static_cast<std::int64_t>(static_cast<double>(delay_ms) * 1'000 * (1 + ended.jitter));
  // A Retry-After can delay the next attempt, never bring it forward.
  decision.next_attempt_at =
      std::max(ended.ended_at.plus_us(delay_us), decision.paused_until.value_or(ended.ended_at));
  return decision;
}

std::optional<std::string_view> error_of_status(int status) {
  if (status >= 200 && status < 300) return std::nullopt;
  if (status >= 300 && status < 400) return "redirect_refused";
  if (status == 410) return "gone";
  return "bad_status";
}

std::vector<std::string_view> error_words() {
  std::vector<std::string_view> words;
  for (const auto& [word, sentence] : reasons) words.push_back(word);
  return words;
}

std::string describe_error(std::string_view error, std::optional<int> status) {
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const auto& one) { return one.first == error; });
  std::string text(found == reasons.end() ? "there was no complete response" : found->second);
  if (status) text += " (HTTP " + std::to_string(*status) + ")";
  return text;
}

}  // namespace florin::webhooks
