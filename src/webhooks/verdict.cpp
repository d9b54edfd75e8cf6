#include "webhooks/verdict.h"

#include <algorithm>

namespace florin::webhooks {
namespace {

constexpr std::int64_t longest_rest_s = 3'600;

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

}  // namespace florin::webhooks
