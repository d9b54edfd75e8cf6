#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

struct DeliveryTag {
  static constexpr std::string_view prefix = "whd";
};
using DeliveryId = Id<DeliveryTag>;

enum class DeliveryState : std::uint8_t {
  pending,     ///< No attempt yet.
  delivered,   ///< Answered with 2xx.
  failed,      ///< The last attempt failed; a retry is due.
  dead_letter  ///< No further attempt. It can be replayed.
};
/// "PENDING", "DELIVERED", "FAILED", "DEAD_LETTER".
constexpr auto words_of(DeliveryState) {
  return std::to_array<Word<DeliveryState>>({{DeliveryState::pending, "PENDING"},
                                             {DeliveryState::delivered, "DELIVERED"},
                                             {DeliveryState::failed, "FAILED"},
                                             {DeliveryState::dead_letter, "DEAD_LETTER"}});
}
inline bool is_open(DeliveryState state) {
  return state == DeliveryState::pending || state == DeliveryState::failed;
}

/// One event on its way to one endpoint: a row of the outbox.
struct Delivery {
  /// In place of a next attempt: an earlier delivery of the same order key comes first.
  static constexpr Timestamp held{INT64_MAX};

  DeliveryId id;
  TenantId tenant;
  EndpointId endpoint;
  EventId event;
  std::string event_type;
  DeliveryState state = DeliveryState::pending;
  int attempts = 0;
  Timestamp next_attempt_at;
  std::optional<std::string> order_key;
  bool is_replay = false;
  std::optional<int> last_status;
  std::optional<std::string> last_error;
  Timestamp created_at;
  std::optional<Timestamp> delivered_at, replayed_at;
};

/// One request to an endpoint and its response.
struct Attempt {
  DeliveryId delivery;
  int number = 0;
  Timestamp started_at;
  std::int64_t duration_us = 0;
  std::optional<int> status;         ///< Nothing: no answer.
  std::optional<std::string> error;  ///< A word: of the HTTP client's errors, or error_of_status().
  std::string request_headers;       ///< JSON object.
  std::string response_headers;      ///< JSON object.
  std::string response_body;         ///< At most 4 KiB, as UTF-8.
  bool is_truncated = false;
};

struct DeliveryFilter {
  std::optional<EndpointId> endpoint = {};
  std::optional<EventId> event = {};
  std::optional<DeliveryState> state = {};
  std::optional<std::string> event_type = {};
};

/// What is sent again to an endpoint: its dead letters that were not replayed yet, or all events
/// since a time.
struct ReplayRequest {
  bool failed = false;
  std::optional<Timestamp> since = {};
};

}  // namespace florin::webhooks
