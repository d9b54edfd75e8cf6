#include "webhooks/webhooks.h"

#include <algorithm>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/http_client/http_client.h"
#include "platform/sql/database.h"
#include "webhooks/deliveries.h"
#include "webhooks/dispatcher.h"
#include "webhooks/endpoint_changes.h"
#include "webhooks/endpoint_store.h"
#include "webhooks/endpoints.h"
#include "webhooks/fan_out.h"
#include "webhooks/figures.h"
#include "webhooks/outbox_store.h"
#include "webhooks/upkeep.h"

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

struct Webhooks::Impl {
  Impl(Parts given, Settings wanted)
      : parts(given),
        settings(std::move(wanted)),
        guard(settings.allowed_hosts),
        store(parts.vault),
        figures(parts.metrics),
        endpoints({store, parts.events, parts.ids, parts.clock, guard, settings}),
        deliveries(endpoints, parts.ids, parts.clock),
        client(std::make_unique<http_client::HttpClient>(client_options(settings))),
        dispatcher({parts.database, store, endpoints, changes, parts.events, *client, parts.clock,
                    figures, settings}),
        fan_out({parts.database, store, changes, parts.events, parts.ids, parts.clock, dispatcher}),
        upkeep({parts.database, store, endpoints, changes, parts.clock, figures, settings}) {
    changes.listen([this](EndpointId id) { dispatcher.reload(id); });
  }

  Parts parts;
  Settings settings;
  http_client::AddressGuard guard;
  EndpointStore store;
  EndpointChanges changes;
  Figures figures;
  Endpoints endpoints;
  Deliveries deliveries;
  std::unique_ptr<http_client::HttpClient> client;
  Dispatcher dispatcher;
  FanOut fan_out;
  Upkeep upkeep;
};

Webhooks::Webhooks(Parts parts, Settings settings)
    : impl_(std::make_unique<Impl>(parts, std::move(settings))) {}

Webhooks::~Webhooks() {
  stop();
  // Its last answers still come to the dispatcher.
  impl_->client.reset();
}

Result<EndpointId> Webhooks::ensure_endpoint(const NewEndpoint& wanted) {
  TRY(impl_->endpoints.check(wanted));
  auto change = impl_->changes.announce();
  const EndpointId id = TRY(impl_->parts.database.write(
      [&](sql::Tx& tx) { return impl_->endpoints.ensure(tx, wanted); }));
  change.of(id);
  return id;
}

Result<void> Webhooks::start() {
  const std::int64_t greatest =
      TRY(impl_->parts.database.read([&](sql::Tx& tx) -> Result<std::int64_t> {
        const std::int64_t endpoint = TRY(impl_->store.greatest_id(tx));
        return std::max(endpoint, TRY(outbox::greatest_id(tx)));
      }));
  impl_->parts.ids.start_after(greatest);
  TRY(impl_->dispatcher.start());
  impl_->fan_out.start();
  return {};
}

void Webhooks::stop() {
  impl_->fan_out.stop();
  impl_->dispatcher.stop();
}

std::vector<jobs::Job> Webhooks::jobs() { return impl_->upkeep.jobs(); }
sql::Database& Webhooks::database() { return impl_->parts.database; }
const Settings& Webhooks::settings() const { return impl_->settings; }
Endpoints& Webhooks::endpoints() { return impl_->endpoints; }
Deliveries& Webhooks::deliveries() { return impl_->deliveries; }
EndpointChanges& Webhooks::changes() { return impl_->changes; }
void Webhooks::look(EndpointId endpoint) { impl_->dispatcher.look(endpoint); }
void Webhooks::replay() { impl_->fan_out.replay(); }

}  // namespace florin::webhooks
