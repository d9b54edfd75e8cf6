#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "platform/kafka/kafka.h"

namespace florin::sql {
class Tx;
}

namespace florin::config {
struct Section;
}

namespace florin::relay {

/// First in each unit of work that moves the cursor. An error rejects the write: another node
/// relays now.
using Fence = std::function<Result<void>(sql::Tx&)>;
/// Whether this node is the one that relays, as far as it knows without asking the database.
using HoldsLease = std::function<bool()>;

/// How events of our log are written in records: as one JSON document, or with the attributes in
/// headers and the data as the value.
enum class CloudEventsMode : std::uint8_t { structured, binary };

/// The module's part of the configuration.
struct Settings {
  kafka::Connection kafka = {};  ///< Without brokers nothing is sent or read.
  std::string topic_prefix = "florin";
  CloudEventsMode mode = CloudEventsMode::structured;
  std::string group = "florin";
  bool reads_inbound = true;                ///< Whether the inbound topic is read.
  std::string inbound_tenant = "default";   ///< Of inbound records that name none: a name or id.
  int session_timeout_ms = 30'000;          ///< Of the consumer in its group.
  std::size_t max_unacknowledged = 10'000;  ///< Events given to Kafka at the same time.
};

/// How the configuration fills them.
config::Section settings_section();

}  // namespace florin::relay
