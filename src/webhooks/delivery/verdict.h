#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// What came back for one attempt.
struct Answer {
  std::optional<int> status;                  ///< Nothing: no answer.
  std::optional<std::int64_t> retry_after_s;  ///< As the endpoint asks.
};

/// What an attempt means for its delivery and for the endpoint.
struct Verdict {
  DeliveryState state = DeliveryState::pending;
  Timestamp next_attempt_at;                      ///< With `failed` only.
  std::optional<Timestamp> endpoint_rests_until;  ///< It asked (429, 503) to be left alone.
  bool is_gone = false;                           ///< 410: it wants no more.
};

struct AttemptFacts {
  int number = 1;  ///< Of the attempt that was answered.
  Timestamp ended_at;
  double jitter = 0;  ///< -0.1 to 0.1: by which part the delay is changed.
};

/// 2xx is success, 410 the end of the endpoint; everything else waits for the next delay of the
/// schedule, and 429 and 503 with a longer Retry-After for so long (an hour at most). After the
/// last delay it is a dead letter.
Verdict judge(const Manner& manner, const AttemptFacts& facts, const Answer& answer);

/// The fault of an attempt as a sentence for people; `status` where an answer came.
std::string reason_of(std::string_view fault, std::optional<int> status);

/// The word that says in the log why an answer was no success; nothing for 2xx.
std::optional<std::string_view> fault_of(int status);

}  // namespace florin::webhooks
