#pragma once
#include "base/error.h"

namespace florin::kafka::errors {
/// Kafka is unavailable: no broker responds, the topic is missing, or the credentials were
/// rejected. No data is lost: the messages wait in the database.
inline constexpr ErrorCode kafka_unavailable{ErrorKind::unavailable, "kafka_unavailable"};
/// The Kafka client rejected a connection setting; the detail names it.
inline constexpr ErrorCode kafka_misconfigured{ErrorKind::invalid, "kafka_misconfigured"};
/// Kafka rejected this message (it is too large, for example). Retrying fails until the topic
/// allows it.
inline constexpr ErrorCode kafka_message_refused{ErrorKind::rejected, "kafka_message_refused"};
}  // namespace florin::kafka::errors
