#include "reconciliation/module.h"

#include <fmt/core.h>

#include "base/id_generator.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "ledger/ledger_service.h"
#include "platform/sql/database.h"
#include "reconciliation/items.h"
#include "reconciliation/reconciliation_routes.h"
#include "reconciliation/runner.h"
#include "reconciliation/runs.h"

namespace florin::reconciliation {
namespace {

/// On one node alone, whichever holds its lease.
constexpr const char* running = "reconciliation.run";
constexpr std::size_t many_runs = 100;

class ReconciliationPart final : public modules::Part {
 public:
  explicit ReconciliationPart(modules::Services& services)
      : idempotency_(services.get<idempotency::Idempotency>()),
        runs_(services.get<sql::Database>(), services.get<const Clock>(),
              services.get<IdGenerator>(), services.get<events::EventLog>(),
              services.get<const SourceFactory>(),
              run_options(services.get<const modules::DataFolder>())),
        items_(services.get<const Clock>(), services.get<events::EventLog>(),
               services.get<ledger::LedgerService>()),
        runner_(runs_, [leases = services.get<const jobs::HeldLeases>()] {
          return leases.holds(running);
        }) {
    services.provide(runs_);
  }

  http::Routes routes() override {
    return reconciliation_routes(runs_, items_, idempotency_, [this] { runner_.wake(); });
  }

  std::vector<jobs::LeasedTask> leased_tasks() override {
    return {{running, "Works on queued reconciliations.", [this]() -> Result<void> {
               runner_.wake();
               return {};
             }}};
  }

  modules::Health health() override {
    const auto waiting = runs_.unfinished();
    if (!waiting) return modules::Health::degraded(waiting.error().detail);
    if (waiting->size() < many_runs) return {};
    return modules::Health::degraded(fmt::format("{} reconciliations wait", waiting->size()));
  }

  Result<void> start() override {
    runner_.start();
    return {};
  }
  void begin_to_leave() override { runner_.stop(); }
  void stop() override { runner_.stop(); }

 private:
  idempotency::Idempotency& idempotency_;
  Runs runs_;
  Items items_;
  Runner runner_;
};

constexpr std::string_view event_types[] = {
    "reconciliation.completed",     "reconciliation.failed",        "reconciliation.item.explained",
    "reconciliation.item.proposed", "reconciliation.item.rejected", "reconciliation.item.resolved",
};
constexpr std::string_view permissions[] = {"reconciliation:read", "reconciliation:write",
                                            "reconciliation:approve"};

}  // namespace

RunOptions run_options(const modules::DataFolder& data) {
  RunOptions options;
  options.work_dir = data.path + "/reconciliation";
  options.report_dir = data.path + "/reconciliation-reports";
  return options;
}

modules::Module module() {
  return {.name = "reconciliation",
          .migrations = migrations(),
          .event_types = event_types,
          .permissions = permissions,
          .api_schemas = api_schemas,
          .build = modules::make_part<ReconciliationPart>};
}

}  // namespace florin::reconciliation
