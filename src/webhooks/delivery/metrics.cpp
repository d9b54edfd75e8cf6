#include "webhooks/delivery/metrics.h"

namespace florin::webhooks {
namespace {

metrics::Counter& counter(metrics::Registry& registry, std::string_view result) {
  return registry.counter("florin_webhooks_attempts_total", "Attempts by outcome.",
                          {{"outcome", std::string(result)}});
}

}  // namespace

Metrics::Metrics(metrics::Registry& registry)
    : lag_seconds(registry.histogram("florin_webhooks_lag_seconds",
                                     "Time from an event to its delivery, without replays.",
                                     metrics::latency_buckets())),
      attempt_seconds(registry.histogram("florin_webhooks_attempt_seconds",
                                         "Duration of one attempt.", metrics::latency_buckets())),
      delivered(counter(registry, "delivered")),
      failed(counter(registry, "failed")),
      dead_letters(counter(registry, "dead_letter")),
      in_flight(registry.gauge("florin_webhooks_in_flight", "Attempts in progress.")),
      backlog(registry.gauge("florin_webhooks_backlog", "Pending deliveries.")),
      backlog_age_seconds(registry.gauge("florin_webhooks_backlog_age_seconds",
                                         "Age of the oldest pending delivery.")),
      registry_(registry) {}

metrics::Counter& Metrics::attempts(DeliveryState result) {
  if (result == DeliveryState::delivered) return delivered;
  return result == DeliveryState::failed ? failed : dead_letters;
}

metrics::Counter& Metrics::failures(std::string_view reason) {
  return registry_.counter("florin_webhooks_attempt_failures_total", "Failed attempts by reason.",
                           {{"reason", std::string(reason)}});
}

}  // namespace florin::webhooks
