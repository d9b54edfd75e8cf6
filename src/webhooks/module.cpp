#include "webhooks/module.h"

#include <fmt/core.h>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/event_types.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "platform/crypto/vault.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "webhooks/settings.h"
#include "webhooks/webhooks.h"

namespace florin::webhooks {
namespace {

/// On one node alone, whichever holds its lease.
constexpr const char* delivering = "webhooks.deliver";
/// Changes made by another node are seen after this time.
constexpr std::int64_t poll_interval_ms = 2'000;
/// Retries to a receiver that is unavailable for a moment have ended by then.
constexpr std::int64_t old_backlog_s = 300;

Webhooks::Parts parts_of(const modules::Services& services) {
  const jobs::HeldLeases leases = services.get<const jobs::HeldLeases>();
  return {services.get<sql::Database>(),
          services.get<const Clock>(),
          services.get<IdGenerator>(),
          services.get<events::EventLog>(),
          services.get<const events::EventTypes>(),
          services.get<const crypto::Vault>(),
          services.get<metrics::Registry>(),
          [leases](sql::Tx& tx) { return leases.check(tx, delivering); }};
}

Settings settings_of(const modules::Services& services) {
  Settings settings = services.get<const Settings>();
  settings.policy.retry_delays_ms =
      exponential_delays(settings.retry_attempts, settings.retry_delay_ms);
  settings.secret_rule = services.get<const SecretRule>();
  // SQLite is used by one machine, and as a rule by one node.
  if (services.get<sql::Database>().dialect() != sql::Dialect::sqlite)
    settings.poll_interval_ms = poll_interval_ms;
  return settings;
}

/// The endpoint that the configuration alone describes.
EndpointDraft game_server_endpoint(TenantId tenant, const Settings& settings) {
  const GameServer& server = settings.game_server;
  EndpointDraft wanted;
  wanted.tenant = tenant;
  wanted.name = "rgs";
  wanted.url = server.url;
  wanted.description = "The game server of the configuration (RGS_WEBHOOK_URL)";
  wanted.is_trusted = true;
  wanted.selection.event_types = {"wallet.*"};
  wanted.policy = settings.policy;
  wanted.policy.retry_delays_ms = game_server_delays();
  const auto most = static_cast<std::size_t>(server.max_retries);
  if (wanted.policy.retry_delays_ms.size() > most) wanted.policy.retry_delays_ms.resize(most);
  if (!server.secret.empty()) wanted.secret = server.secret;
  return wanted;
}

class WebhooksPart final : public modules::Part {
 public:
  explicit WebhooksPart(modules::Services& services)
      : tenant_(services.get<const modules::ConfiguredTenant>()),
        idempotency_(services.get<idempotency::Idempotency>()),
        webhooks_(parts_of(services), settings_of(services)) {
    services.provide(webhooks_);
  }

  Result<void> recover() override { return webhooks_.recover(); }

  Result<void> apply_settings() override {
    if (webhooks_.settings().game_server.url.empty()) return {};
    const auto wanted = game_server_endpoint(TRY(tenant_.find()), webhooks_.settings());
    const auto made = webhooks_.ensure_endpoint(wanted);
    return modules::without_secret_key(made ? Result<void>() : Result<void>(made.error()),
                                       "WEBHOOK_SECRET");
  }

  http::Routes routes() override { return webhooks::routes(webhooks_, idempotency_); }
  std::vector<jobs::Job> jobs() override { return webhooks_.jobs(); }

  std::vector<jobs::LeasedTask> leased_tasks() override {
    return {{delivering, "Makes deliveries of events and sends them.",
             [this] { return webhooks_.begin(); }, [this] { webhooks_.end(); }}};
  }

  modules::Health health() override {
    const DeliveryBacklog backlog = webhooks_.backlog();
    if (backlog.oldest_age_s < old_backlog_s) return {};
    return modules::Health::degraded(fmt::format("{} deliveries wait, the oldest for {} s",
                                                 backlog.deliveries, backlog.oldest_age_s));
  }

  Result<std::vector<std::string>> unreadable_secrets() override {
    std::vector<std::string> all = TRY(webhooks_.unreadable());
    for (std::string& id : all) id = "endpoint " + id;
    return all;
  }

 private:
  const modules::ConfiguredTenant& tenant_;
  idempotency::Idempotency& idempotency_;
  Webhooks webhooks_;
};

constexpr std::string_view event_types[] = {
    "webhook.endpoint.created",        "webhook.endpoint.deleted", "webhook.endpoint.disabled",
    "webhook.endpoint.secret_rotated", "webhook.endpoint.updated", "webhook.test",
};
constexpr std::string_view permissions[] = {"webhooks:read", "webhooks:write"};

}  // namespace

modules::Module module() {
  return {.name = "webhooks",
          .migrations = migrations(),
          .event_types = event_types,
          .permissions = permissions,
          .api_schemas = api_schemas,
          .settings = {settings_section()},
          .build = modules::make_part<WebhooksPart>};
}

}  // namespace florin::webhooks
