#include "relay/module.h"

#include "access/access.h"
#include "base/id_generator.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "relay/cloud_event.h"
#include "relay/relay.h"
#include "relay/settings.h"

namespace florin::relay {
namespace {

/// On one node alone, whichever holds its lease.
constexpr const char* relaying = "relay.kafka";

Relay::Parts parts_of(const modules::Services& services) {
  const jobs::HeldLeases leases = services.get<const jobs::HeldLeases>();
  return {services.get<sql::Database>(),
          services.get<const Clock>(),
          services.get<IdGenerator>(),
          services.get<access::Access>(),
          services.get<events::EventLog>(),
          services.get<metrics::Registry>(),
          [leases](sql::Tx& tx) { return leases.check(tx, relaying); },
          [leases] { return leases.holds(relaying); }};
}

class RelayPart final : public modules::Part {
 public:
  explicit RelayPart(const modules::Services& services)
      : idempotency_(services.get<idempotency::Idempotency>()),
        relay_(parts_of(services), services.get<const Settings>()) {}

  Result<void> recover() override { return relay_.recover(); }
  http::Routes routes() override { return relay::routes(relay_, idempotency_); }
  std::vector<jobs::Job> jobs() override { return relay_.jobs(); }

  std::vector<jobs::LeasedTask> leased_tasks() override {
    if (!relay_.is_configured()) return {};
    return {{relaying, "Sends events to Kafka, and reads those of other systems.",
             [this] { return relay_.start(); }, [this] { relay_.stop(); }}};
  }

  std::optional<modules::Dependency> dependency() override {
    if (!relay_.is_configured()) return std::nullopt;
    Health health = relay_.health();
    return modules::Dependency{"kafka", health.is_healthy, std::move(health.detail)};
  }

 private:
  idempotency::Idempotency& idempotency_;
  Relay relay_;
};

constexpr std::string_view permissions[] = {"inbound:write"};

}  // namespace

modules::Module module() {
  return {.name = "relay",
          .migrations = migrations(),
          .event_types = accepted_types,
          .permissions = permissions,
          .api_schemas = api_schemas,
          .settings = {settings_section()},
          .build = modules::make_part<RelayPart>};
}

}  // namespace florin::relay
