#include "relay/relay_metrics.h"

#include <string>
#include <string_view>

#include "platform/metrics/metrics.h"

namespace florin::relay {
namespace {

metrics::Counter& inbound(metrics::Registry& registry, std::string_view outcome) {
  return registry.counter("florin_relay_inbound_total", "Inbound records by their outcome.",
                          {{"outcome", std::string(outcome)}});
}

metrics::Counter& failures(metrics::Registry& registry, std::string_view direction) {
  return registry.counter("florin_relay_failures_total",
                          "Interruptions of the connection to Kafka, by direction: out or in.",
                          {{"direction", std::string(direction)}});
}

}  // namespace

RelayMetrics::RelayMetrics(metrics::Registry& registry)
    : relayed(registry.counter("florin_relay_events_total", "Events that Kafka acknowledged.")),
      failures(relay::failures(registry, "out")),
      backlog(registry.gauge("florin_relay_backlog",
                             "Events that Kafka has not acknowledged, counted to 100000.")),
      lag_seconds(registry.gauge("florin_relay_lag_seconds",
                                 "Age of the oldest event that Kafka has not acknowledged.")),
      stored(inbound(registry, "stored")),
      duplicates(inbound(registry, "duplicate")),
      dead_letters(inbound(registry, "dead_letter")),
      inbound_failures(relay::failures(registry, "in")) {}

}  // namespace florin::relay
