#include "webhooks/webhooks.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/http_client/http_client.h"
#include "platform/sql/database.h"
#include "webhooks/delivery/deliveries.h"
#include "webhooks/delivery/dispatcher.h"
#include "webhooks/delivery/fan_out.h"
#include "webhooks/delivery/maintenance.h"
#include "webhooks/delivery/metrics.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint_changes.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/endpoints/endpoints.h"

namespace florin::webhooks {
namespace {

http_client::ClientOptions client_options(const Settings& settings) {
  http_client::ClientOptions options;
  // Each endpoint has its own limit; one for a host would let endpoints of one host delay others.
  options.max_connections_per_host = 0;
  options.max_idle_connections = settings.max_in_flight;
  options.guard = http_client::AddressGuard(settings.allowed_hosts);
  options.user_agent = "Florin-Webhooks";
  return options;
}

}  // namespace

/// What runs while this node is the one that delivers.
struct Webhooks::Pipeline {
  explicit Pipeline(Impl& of);
  /// Waits for the database, so that the last owner has nothing left to wait for.
  void stop() {
    fan_out.stop();
    dispatcher.stop();
    // Its last responses still go to the dispatcher.
    client.reset();
  }

  std::unique_ptr<http_client::HttpClient> client;
  Dispatcher dispatcher;
  FanOut fan_out;
};

struct Webhooks::Impl {
  Impl(Parts given, Settings wanted)
      : parts(given),
        settings(std::move(wanted)),
        guard(settings.allowed_hosts),
        store(parts.vault),
        metrics(parts.metrics),
        endpoints({store, parts.events, parts.ids, parts.clock, guard, settings}),
        deliveries(endpoints, parts.ids, parts.clock),
        maintenance({parts.database, store, endpoints, changes, parts.clock, metrics, settings}) {
    changes.listen([this](EndpointId id) {
      if (const auto current = active_pipeline()) current->dispatcher.reload(id);
    });
  }

  /// Nothing while another node delivers; that one polls for changes made here.
  std::shared_ptr<Pipeline> active_pipeline() const {
    const std::lock_guard lock(mutex);
    return pipeline;
  }

  Parts parts;
  Settings settings;
  http_client::AddressGuard guard;
  EndpointStore store;
  EndpointChanges changes;
  Metrics metrics;
  Endpoints endpoints;
  Deliveries deliveries;
  Maintenance maintenance;
  mutable std::mutex mutex;  // Guards what follows.
  std::shared_ptr<Pipeline> pipeline;
};

Webhooks::Webhooks(Parts parts, Settings settings)
    : impl_(std::make_unique<Impl>(parts, std::move(settings))) {}

Webhooks::Pipeline::Pipeline(Impl& of)
    : client(std::make_unique<http_client::HttpClient>(client_options(of.settings))),
      dispatcher({of.parts.database, of.store, of.endpoints, of.changes, of.parts.events, *client,
                  of.parts.clock, of.metrics, of.settings, of.parts.fence}),
      fan_out({of.parts.database, of.store, of.changes, of.parts.events, of.parts.ids,
               of.parts.clock, dispatcher, of.settings, of.parts.fence}) {}

Webhooks::~Webhooks() { end(); }

Result<EndpointId> Webhooks::ensure_endpoint(const EndpointDraft& wanted) {
  TRY(impl_->endpoints.check(wanted));
  auto change = impl_->changes.announce();
  const EndpointId id = TRY(impl_->parts.database.write(
      [&](sql::Tx& tx) { return impl_->endpoints.ensure(tx, wanted); }));
  change.of(id);
  return id;
}

Result<std::vector<std::string>> Webhooks::unreadable() const {
  return impl_->parts.database.read([&](sql::Tx& tx) { return impl_->endpoints.unreadable(tx); });
}

Result<void> Webhooks::recover() {
  const std::int64_t greatest =
      TRY(impl_->parts.database.read([&](sql::Tx& tx) -> Result<std::int64_t> {
        const std::int64_t endpoint = TRY(impl_->store.greatest_id(tx));
        return std::max(endpoint, TRY(outbox::greatest_id(tx)));
      }));
  impl_->parts.ids.start_after(greatest);
  return {};
}

Result<void> Webhooks::begin() {
  auto pipeline = std::make_shared<Pipeline>(*impl_);
  {
    // Before it reads the endpoints: changes from now on are announced to it.
    const std::lock_guard lock(impl_->mutex);
    impl_->pipeline = pipeline;
  }
  if (auto started = pipeline->dispatcher.start(); !started) {
    end();
    return started;
  }
  pipeline->fan_out.start();
  return {};
}

void Webhooks::end() {
  std::shared_ptr<Pipeline> ended;
  {
    const std::lock_guard lock(impl_->mutex);
    ended = std::exchange(impl_->pipeline, nullptr);
  }
  if (ended) ended->stop();
}

std::vector<jobs::Job> Webhooks::jobs() { return impl_->maintenance.jobs(); }
DeliveryBacklog Webhooks::backlog() const {
  return {static_cast<std::int64_t>(impl_->metrics.backlog.value()),
          static_cast<std::int64_t>(impl_->metrics.backlog_age_seconds.value())};
}
sql::Database& Webhooks::database() { return impl_->parts.database; }
const Settings& Webhooks::settings() const { return impl_->settings; }
const events::EventTypes& Webhooks::event_types() const { return impl_->parts.event_types; }
Endpoints& Webhooks::endpoints() { return impl_->endpoints; }
Deliveries& Webhooks::deliveries() { return impl_->deliveries; }
EndpointChanges& Webhooks::changes() { return impl_->changes; }

void Webhooks::check_store(EndpointId endpoint) {
  if (const auto pipeline = impl_->active_pipeline()) pipeline->dispatcher.check_store(endpoint);
}

void Webhooks::start_replays() {
  if (const auto pipeline = impl_->active_pipeline()) pipeline->fan_out.start_replays();
}

}  // namespace florin::webhooks
