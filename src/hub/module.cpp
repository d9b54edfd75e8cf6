#include "hub/module.h"

#include <fmt/core.h>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "hub/configured_partner.h"
#include "hub/partners/fields.h"
#include "hub/settings.h"
#include "hub/wallet_hub.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_service.h"
#include "platform/cache/rate_limiter.h"
#include "platform/crypto/vault.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace florin::hub {
namespace {

/// A partner whose Operator was called this long ago counts as failing now.
constexpr std::int64_t recent_us = 300LL * 1'000'000;

HubParts parts_of(const modules::Services& services) {
  const auto& settings = services.get<const Settings>();
  return {services.get<sql::Database>(),
          services.get<const Clock>(),
          services.get<IdGenerator>(),
          services.get<events::EventLog>(),
          services.get<ledger::LedgerService>(),
          services.get<idempotency::Idempotency>(),
          services.get<metrics::Registry>(),
          services.get<const crypto::Vault>(),
          services.get<cache::RateLimiter>(),
          {.guard = http_client::AddressGuard(settings.allowed_hosts)},
          services.get<const SecretRule>()};
}

class HubPart final : public modules::Part {
 public:
  explicit HubPart(modules::Services& services)
      : clock_(services.get<const Clock>()),
        settings_(services.get<const Settings>()),
        tenant_(services.get<const modules::ConfiguredTenant>()),
        hub_(parts_of(services)) {
    services.provide(hub_);
  }

  Result<void> recover() override { return hub_.recover(); }

  Result<void> apply_settings() override {
    if (settings_.hmac_secret.empty()) return {};
    const TenantId tenant = TRY(tenant_.find());
    return modules::without_secret_key(
        ensure_configured_partner(hub_.partners(), tenant, "default", settings_), "HMAC_SECRET");
  }

  http::Routes routes() override { return hub_.routes(); }
  std::vector<jobs::Job> jobs() override { return hub_.jobs(); }

  modules::Health health() override {
    if (std::string failing = failing_operators(); !failing.empty())
      return modules::Health::degraded(std::move(failing));
    const Hub::Pending now = hub_.pending();
    if (now.stuck > 0) {
      return modules::Health::degraded(
          fmt::format("{} wallet transactions are stuck: decide them", now.stuck));
    }
    if (now.pending == 0) return {};
    return {modules::HealthLevel::healthy,
            fmt::format("{} wallet transactions are pending", now.pending)};
  }

  /// Of the partners in memory.
  Result<std::vector<std::string>> unreadable_secrets() override {
    std::vector<std::string> all = hub_.partners().unreadable();
    for (std::string& code : all) code = "partner " + code;
    return all;
  }

  void stop() override { hub_.stop(); }

 private:
  std::string failing_operators() {
    std::string failing;
    for (const auto& [code, trouble] : hub_.troubles()) {
      if (clock_.now().us - trouble.last.us > recent_us) continue;
      failing +=
          fmt::format("{}calls to the Operator of {} fail since {}: {}",
                      failing.empty() ? "" : "; ", code, trouble.since.rfc3339(), trouble.reason);
    }
    return failing;
  }

  const Clock& clock_;
  const Settings& settings_;
  const modules::ConfiguredTenant& tenant_;
  Hub hub_;
};

constexpr std::string_view event_types[] = {
    "partner.created",         "partner.secret_rotated",    "partner.updated",
    "wallet.credit.completed", "wallet.credit.failed",      "wallet.credit.stuck",
    "wallet.debit.completed",  "wallet.debit.failed",       "wallet.debit.rolled_back",
    "wallet.debit.stuck",      "wallet.rollback.completed", "wallet.rollback.failed",
    "wallet.rollback.stuck",
};
constexpr std::string_view permissions[] = {"hub:read", "hub:write"};

}  // namespace

modules::Module module() {
  return {.name = "hub",
          .migrations = migrations(),
          .event_types = event_types,
          .permissions = permissions,
          .api_schemas = partner_schemas,
          .settings = {settings_section()},
          .build = modules::make_part<HubPart>};
}

}  // namespace florin::hub
