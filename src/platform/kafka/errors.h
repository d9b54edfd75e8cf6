#pragma once
#include "base/error.h"

namespace florin::kafka::errors {
/// Kafka did not take or give messages: no broker answers, the topic is missing, or it refused the
/// credentials. Nothing is lost: what waits is in the database.
inline constexpr ErrorCode kafka_unavailable{ErrorKind::unavailable, "kafka_unavailable"};
/// A setting of the connection to Kafka has a value that the client library refuses; the detail
/// names it.
inline constexpr ErrorCode kafka_misconfigured{ErrorKind::invalid, "kafka_misconfigured"};
/// Kafka refused this message for what it is (too large, for example); sending it again fails again
/// until the topic allows it.
inline constexpr ErrorCode kafka_message_refused{ErrorKind::rejected, "kafka_message_refused"};
}  // namespace florin::kafka::errors
