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
#include "relay/figures.h"
#include "relay/inbound_consumer.h"
#include "relay/inbox.h"
#include "relay/outbound.h"
#include "relay/relay_store.h"

namespace florin::relay {
namespace {

constexpr std::int64_t measured_every_ms = 2'000;
constexpr std::int64_t counted_to = 100'000;
/// Brokers that answer and do not take what we send (a partition without a leader, too few
/// replicas) are known by this alone.
constexpr std::int64_t longest_healthy_lag_seconds = 60;

}  // namespace

struct Relay::Impl {
  Impl(Parts given, Settings wanted)
      : parts(std::move(given)),
        settings(std::move(wanted)),
        figures(parts.metrics),
        inbox(parts.events, parts.ids, parts.clock) {}

  /// The time during which this node is the one that relays.
  struct Term {
    std::unique_ptr<Outbound> outbound;
    std::unique_ptr<InboundConsumer> inbound;
    void stop() const {
      if (inbound) inbound->stop();
      outbound->stop();
    }
  };
  std::shared_ptr<Term> at_work() const {
    const std::lock_guard lock(mutex);
    return term;
  }
  std::shared_ptr<Term> make_term() {
    auto made = std::make_shared<Term>();
    made->outbound = std::make_unique<Outbound>(
        Outbound::Parts{parts.database, parts.events, parts.clock, parts.metrics, figures,
                        parts.fence, parts.is_our_turn},
        settings);
    if (!settings.reads_inbound) return made;
    made->inbound = std::make_unique<InboundConsumer>(
        InboundConsumer::Parts{parts.database, parts.access, inbox, parts.clock, parts.metrics,
                               figures},
        settings);
    return made;
  }

  Result<std::string> measure();

  Parts parts;
  Settings settings;
  Figures figures;
  Inbox inbox;
  mutable std::mutex mutex;  // Guards what follows.
  std::shared_ptr<Term> term;
  std::atomic<std::int64_t> backlog{0};
  std::atomic<std::int64_t> lag_seconds{0};
};

/// The backlog is counted no further than an operator cares: the lag tells the rest. A node that
/// does not relay goes by the stored cursor: a backlog that nobody works on is seen as well.
Result<std::string> Relay::Impl::measure() {
  const auto working = at_work();
  auto position = working ? working->outbound->position() : std::nullopt;
  if (!position) position = TRY(parts.database.read([](sql::Tx& tx) { return store::cursor(tx); }));
  backlog = TRY(parts.events.count_after(*position, counted_to));
  const auto oldest = TRY(parts.events.read_after(*position, 1));
  const std::int64_t age_us =
      oldest.empty() ? 0 : parts.clock.now().us - oldest.front().created_at.us;
  lag_seconds = std::max<std::int64_t>(0, age_us / 1'000'000);
  figures.backlog.set(static_cast<double>(backlog));
  figures.lag_seconds.set(static_cast<double>(std::max<std::int64_t>(0, age_us)) / 1e6);
  return std::string();
}

Relay::Relay(Parts parts, Settings settings)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(settings))) {}

Relay::~Relay() { stop(); }

Result<void> Relay::recover() {
  impl_->parts.ids.start_after(
      TRY(impl_->parts.database.read([](sql::Tx& tx) { return store::greatest_id(tx); })));
  // A wrong setting is told now, and not by a thread that tries for ever.
  if (is_configured()) TRY(kafka::open_producer(impl_->settings.kafka, impl_->parts.metrics));
  return {};
}

Result<void> Relay::start() {
  TRY(recover());
  if (!is_configured()) return {};
  auto term = impl_->make_term();
  term->outbound->start();
  if (term->inbound) term->inbound->start();
  const std::lock_guard lock(impl_->mutex);
  impl_->term = std::move(term);
  return {};
}

void Relay::stop() {
  std::shared_ptr<Impl::Term> ended;
  {
    const std::lock_guard lock(impl_->mutex);
    ended = std::exchange(impl_->term, nullptr);
  }
  if (ended) ended->stop();
}

std::vector<jobs::Job> Relay::jobs() {
  if (!is_configured()) return {};
  return {{"relay.measure", "Counts the events that Kafka has not acknowledged.", measured_every_ms,
           [this] { return impl_->measure(); }}};
}

Health Relay::health() const {
  Health health;
  health.backlog = impl_->backlog;
  health.lag_seconds = impl_->lag_seconds;
  const auto term = impl_->at_work();
  const auto out = term ? term->outbound->fault() : std::nullopt;
  const auto in = term && term->inbound ? term->inbound->fault() : std::nullopt;
  health.is_healthy = !out && !in && health.lag_seconds < longest_healthy_lag_seconds;
  if (out) health.detail = "events out: " + *out + "; ";
  if (in && in != out) health.detail += "events in: " + *in + "; ";
  health.detail +=
      fmt::format("{} events wait, the oldest for {} s", health.backlog, health.lag_seconds);
  if (!term) health.detail += "; another node relays, and knows of faults on the way";
  return health;
}

bool Relay::is_configured() const { return !impl_->settings.kafka.brokers.empty(); }
const Inbox& Relay::inbox() const { return impl_->inbox; }

}  // namespace florin::relay
