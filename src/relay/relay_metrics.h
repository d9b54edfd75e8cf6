#pragma once

namespace florin::metrics {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace florin::metrics

namespace florin::relay {

/// What the module counts, for /metrics.
struct RelayMetrics {
  explicit RelayMetrics(metrics::Registry& registry);

  metrics::Counter& relayed;
  metrics::Counter& failures;  ///< Of the relay: each ends a producer.
  metrics::Gauge& backlog;
  metrics::Gauge& lag_seconds;
  metrics::Counter& stored;
  metrics::Counter& duplicates;
  metrics::Counter& dead_letters;
  metrics::Counter& inbound_failures;
};

}  // namespace florin::relay
