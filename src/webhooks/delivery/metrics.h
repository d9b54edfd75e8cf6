#pragma once
#include <string_view>

#include "platform/metrics/metrics.h"
#include "webhooks/delivery/delivery.h"

namespace florin::webhooks {

/// The module's metrics. Safe for concurrent use.
struct Metrics {
  explicit Metrics(metrics::Registry& registry);
  /// Of attempts by outcome; not of `pending`.
  metrics::Counter& attempts(DeliveryState result);

  /// Of attempts that failed, by the word that the log has for it.
  metrics::Counter& failures(std::string_view reason);

  metrics::Histogram& lag_seconds;      ///< From the event to its first successful delivery.
  metrics::Histogram& attempt_seconds;  ///< Of one exchange.
  metrics::Counter& delivered;
  metrics::Counter& failed;
  metrics::Counter& dead_letters;
  metrics::Gauge& in_flight;
  metrics::Gauge& backlog;
  metrics::Gauge& backlog_age_seconds;

 private:
  metrics::Registry& registry_;
};

}  // namespace florin::webhooks
