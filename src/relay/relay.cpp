#include "relay/relay.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "relay/inbound_consumer.h"
#include "relay/inbox.h"
#include "relay/outbound.h"
#include "relay/relay_metrics.h"
#include "relay/relay_store.h"

namespace florin::relay {
namespace {

constexpr std::int64_t measure_every_ms = 2'000;
constexpr std::int64_t max_counted = 100'000;
/// The only sign of brokers that answer but do not acknowledge (a partition without a leader, too
/// few replicas).
constexpr std::int64_t max_healthy_lag_seconds = 60;

}  // namespace

struct Relay::Impl {
  Impl(Parts given, Settings wanted)
      : parts(std::move(given)),
        settings(std::move(wanted)),
        metrics(parts.metrics),
        inbox(parts.events, parts.ids, parts.clock) {}

  /// What runs while this node is the one that relays.
  struct Running {
    std::unique_ptr<Outbound> outbound;
    std::unique_ptr<InboundConsumer> inbound;
    void stop() const {
      if (inbound) inbound->stop();
      outbound->stop();
    }
  };
  std::shared_ptr<Running> current() const {
    const std::lock_guard lock(mutex);
    return running;
  }
  std::shared_ptr<Running> make_running() {
    auto made = std::make_shared<Running>();
    made->outbound = std::make_unique<Outbound>(
        Outbound::Parts{parts.database, parts.events, parts.clock, parts.metrics, metrics,
                        parts.fence, parts.holds_lease},
        settings);
    if (!settings.reads_inbound) return made;
    made->inbound = std::make_unique<InboundConsumer>(
        InboundConsumer::Parts{parts.database, parts.access, inbox, parts.clock, parts.metrics,
                               metrics},
        settings);
    return made;
  }

  Result<std::string> measure();

  Parts parts;
  Settings settings;
  RelayMetrics metrics;
  Inbox inbox;
  mutable std::mutex mutex;  // Guards what follows.
  std::shared_ptr<Running> running;
  std::atomic<std::int64_t> backlog{0};
  std::atomic<std::int64_t> lag_seconds{0};
};

/// A node that does not relay measures from the stored cursor, so that a backlog without a relaying
/// node is seen too.
Result<std::string> Relay::Impl::measure() {
  const auto working = current();
  auto position = working ? working->outbound->position() : std::nullopt;
  if (!position) position = TRY(parts.database.read([](sql::Tx& tx) { return store::cursor(tx); }));
  backlog = TRY(parts.events.count_after(*position, max_counted));
  const auto oldest = TRY(parts.events.read_after(*position, 1));
  const std::int64_t age_us =
      oldest.empty() ? 0 : parts.clock.now().us - oldest.front().created_at.us;
  lag_seconds = std::max<std::int64_t>(0, age_us / 1'000'000);
  metrics.backlog.set(static_cast<double>(backlog));
  metrics.lag_seconds.set(static_cast<double>(std::max<std::int64_t>(0, age_us)) / 1e6);
  return std::string();
}

Relay::Relay(Parts parts, Settings settings)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(settings))) {}

Relay::~Relay() { stop(); }

Result<void> Relay::recover() {
  impl_->parts.ids.start_after(
      TRY(impl_->parts.database.read([](sql::Tx& tx) { return store::greatest_id(tx); })));
  // Reports a wrong setting now, instead of in a thread that retries for ever.
  if (is_configured()) TRY(kafka::open_producer(impl_->settings.kafka, impl_->parts.metrics));
  return {};
}

Result<void> Relay::start() {
  TRY(recover());
  if (!is_configured()) return {};
  auto running = impl_->make_running();
  running->outbound->start();
  if (running->inbound) running->inbound->start();
  const std::lock_guard lock(impl_->mutex);
  impl_->running = std::move(running);
  return {};
}

void Relay::stop() {
  std::shared_ptr<Impl::Running> ended;
  {
    const std::lock_guard lock(impl_->mutex);
    ended = std::exchange(impl_->running, nullptr);
  }
  if (ended) ended->stop();
}

std::vector<jobs::Job> Relay::jobs() {
  if (!is_configured()) return {};
  return {{"relay.measure", "Counts the events that Kafka has not acknowledged.", measure_every_ms,
           [this] { return impl_->measure(); }}};
}

Health Relay::health() const {
  Health health;
  health.backlog = impl_->backlog;
  health.lag_seconds = impl_->lag_seconds;
  const auto running = impl_->current();
  const auto out = running ? running->outbound->fault() : std::nullopt;
  const auto in = running && running->inbound ? running->inbound->fault() : std::nullopt;
  health.is_healthy = !out && !in && health.lag_seconds < max_healthy_lag_seconds;
  if (out) health.detail = "events out: " + *out + "; ";
  if (in && in != out) health.detail += "events in: " + *in + "; ";
  health.detail +=
      fmt::format("{} events wait, the oldest for {} s", health.backlog, health.lag_seconds);
  if (!running) health.detail += "; another node relays and knows its faults";
  return health;
}

bool Relay::is_configured() const { return !impl_->settings.kafka.brokers.empty(); }
const Inbox& Relay::inbox() const { return impl_->inbox; }

}  // namespace florin::relay
