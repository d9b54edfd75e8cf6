#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// The response to one attempt.
struct AttemptResponse {
  std::optional<int> status;                  ///< Nothing: no response.
  std::optional<std::int64_t> retry_after_s;  ///< Of the Retry-After header.
};

/// What follows from an attempt for its delivery and for the endpoint.
struct RetryDecision {
  DeliveryState state = DeliveryState::pending;
  Timestamp next_attempt_at;              ///< With `failed` only.
  std::optional<Timestamp> paused_until;  ///< The endpoint's: 429 or 503 with a Retry-After.
  bool is_gone = false;                   ///< 410: the endpoint is to be disabled.
};

struct EndedAttempt {
  int number = 1;  ///< Counts from 1.
  Timestamp ended_at;
  double jitter = 0;  ///< -0.1 to 0.1: the part by which the delay is changed.
};

/// 2xx: delivered. 410: a dead letter, and the endpoint is disabled. Anything else is retried after
/// the next delay of the policy, or after a longer Retry-After of 429 or 503 (an hour at most);
/// after the last delay it is a dead letter.
RetryDecision decide(const DeliveryPolicy& policy, const EndedAttempt& ended,
                     const AttemptResponse& response);

/// The error of an attempt as a sentence, with the HTTP status if there was one.
std::string describe_error(std::string_view error, std::optional<int> status);

/// The words that an attempt may have as its error.
std::vector<std::string_view> error_words();

/// The error word of a response; nothing for 2xx.
std::optional<std::string_view> error_of_status(int status);

}  // namespace florin::webhooks
