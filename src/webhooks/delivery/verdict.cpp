#include "webhooks/delivery/verdict.h"

#include <algorithm>
#include <array>
#include <utility>

namespace florin::webhooks {
namespace {

constexpr std::int64_t longest_rest_s = 3'600;

/// By the words that attempts keep: fault_of(), and the errors of the HTTP client.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> reasons{{
    {"bad_status", "the receiver's answer is no success"},
    {"redirect_refused", "the receiver answered with a redirect, which is not followed"},
    {"gone", "the receiver wants no more"},
    {"dns_failed", "the name of the host cannot be resolved"},
    {"connection_refused", "nobody accepts connections at the address"},
    {"connect_timed_out", "no connection came about in time"},
    {"tls_unknown_authority", "the server's certificate is of an authority that is not trusted"},
    {"tls_name_mismatch", "the server's certificate is for another name"},
    {"tls_expired", "the server's certificate has expired, or is not valid yet"},
    {"tls_failed", "TLS could not be agreed on with the server"},
    {"not_connected", "no connection could be made"},
    {"answer_timed_out", "the answer did not come in time"},
    {"closed_early", "the connection ended before the whole answer"},
    {"address_refused", "the address is private, loopback or reserved, and may not be called"},
}};

bool is_success(const Answer& answer) {
  return answer.status && *answer.status >= 200 && *answer.status < 300;
}

std::optional<Timestamp> asked_rest(const Answer& answer, Timestamp now) {
  const bool may_ask = answer.status == 429 || answer.status == 503;
  if (!may_ask || answer.retry_after_s.value_or(0) <= 0) return std::nullopt;
  return now.plus_seconds(std::min(*answer.retry_after_s, longest_rest_s));
}

}  // namespace

Verdict judge(const Manner& manner, const AttemptFacts& facts, const Answer& answer) {
  Verdict verdict;
  if (is_success(answer)) {
    verdict.state = DeliveryState::delivered;
    return verdict;
  }
  verdict.state = DeliveryState::dead_letter;
  verdict.is_gone = answer.status == 410;
  if (verdict.is_gone) return verdict;
  verdict.endpoint_rests_until = asked_rest(answer, facts.ended_at);
  const auto delays = static_cast<int>(manner.retry_delays_ms.size());
  if (facts.number > delays) return verdict;
  verdict.state = DeliveryState::failed;
  const auto delay_ms = manner.retry_delays_ms[static_cast<std::size_t>(facts.number - 1)];
  const auto delay_us =
      static_cast<std::int64_t>(static_cast<double>(delay_ms) * 1'000 * (1 + facts.jitter));
  // A receiver may ask for more patience than the schedule has, never for less.
  verdict.next_attempt_at = std::max(facts.ended_at.plus_us(delay_us),
                                     verdict.endpoint_rests_until.value_or(facts.ended_at));
  return verdict;
}

std::optional<std::string_view> fault_of(int status) {
  if (status >= 200 && status < 300) return std::nullopt;
  if (status >= 300 && status < 400) return "redirect_refused";
  if (status == 410) return "gone";
  return "bad_status";
}

std::string reason_of(std::string_view fault, std::optional<int> status) {
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const auto& one) { return one.first == fault; });
  std::string text(found == reasons.end() ? "no answer came" : found->second);
  if (status) text += " (HTTP " + std::to_string(*status) + ")";
  return text;
}

}  // namespace florin::webhooks
