#pragma once
#include "platform/kafka/kafka.h"

struct rd_kafka_message_s;

namespace florin::kafka {

/// A record of the client library, copied.
Received received(const rd_kafka_message_s& message);

}  // namespace florin::kafka
