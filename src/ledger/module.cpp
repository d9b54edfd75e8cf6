#include "ledger/module.h"

#include <fmt/core.h>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "idempotency/idempotency.h"
#include "ledger/account_fields.h"
#include "ledger/anchor_file.h"
#include "ledger/ledger_queries.h"
#include "ledger/ledger_routes.h"
#include "ledger/ledger_service.h"
#include "ledger/settings.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace florin::ledger {
namespace {

std::string summary(std::int64_t count, std::string_view what) {
  return count == 0 ? std::string() : fmt::format("{} {}", count, what);
}

class LedgerPart final : public modules::Part {
 public:
  explicit LedgerPart(modules::Services& services)
      : idempotency_(services.get<idempotency::Idempotency>()),
        service_(services.get<sql::Database>(), services.get<const Clock>(),
                 services.get<IdGenerator>(), services.get<events::EventLog>(),
                 services.get<metrics::Registry>()),
        queries_(services.get<sql::Database>(), services.get<const Clock>()),
        anchor_(services.get<sql::Database>(), services.get<const Clock>(),
                anchor_path(services.get<const Settings>(),
                            services.get<const modules::DataFolder>().path)) {
    services.provide(service_);
    services.provide(queries_);
  }

  Result<void> recover() override {
    TRY(service_.recover());
    is_recovered_ = true;
    return {};
  }
  http::Routes routes() override { return ledger_routes(service_, queries_, idempotency_); }

  std::vector<jobs::Job> jobs() override {
    return {{"ledger.expire_holds", "Expires holds whose time is over.", 500,
             [this]() -> Result<std::string> {
               return summary(TRY(service_.expire_holds()), "holds expired");
             },
             true},
            {"ledger.write_out_bulks",
             "Writes the rows of large bulks that a node or database left unfinished.", 1'000,
             [this]() -> Result<std::string> {
               return summary(TRY(service_.take_over_bulks()), "bulks written out");
             }},
            {"ledger.anchor", "Writes the end of the books to the anchor file.", 1'000,
             [this] { return anchor_.look(); }}};
  }

  modules::Health health() override {
    if (const std::string trouble = anchor_.trouble(); !trouble.empty())
      return modules::Health::degraded("the anchor is not written: " + trouble);
    const bulk::Counts bulks = service_.large_bulks();
    if (bulks.unwritten > 0) {
      return modules::Health::degraded(
          fmt::format("rows of {} large bulks, which count, wait to be written", bulks.unwritten));
    }
    if (bulks.running + bulks.waiting == 0) return {};
    return {modules::HealthLevel::healthy,
            fmt::format("{} large bulks are posted, {} wait", bulks.running, bulks.waiting)};
  }

  /// The anchor file then knows of everything that this process wrote.
  void stop() override {
    if (!is_recovered_) return;
    if (const auto last = anchor_.look(); !last)
      log::warn("the anchor could not be written", {{"reason", last.error().detail}});
  }

 private:
  idempotency::Idempotency& idempotency_;
  LedgerService service_;
  LedgerQueries queries_;
  AnchorKeeper anchor_;
  bool is_recovered_ = false;
};

constexpr std::string_view event_types[] = {
    "account.closed",  "account.created", "account.reopened",
    "account.updated", "hold.captured",   "hold.created",
    "hold.expired",    "hold.released",   "transaction.executed",
};
constexpr std::string_view permissions[] = {"ledger:read", "ledger:write"};

}  // namespace

modules::Module module() {
  return {.name = "ledger",
          .migrations = migrations(),
          .event_types = event_types,
          .permissions = permissions,
          .api_schemas = account_schemas,
          .settings = {settings_section()},
          .build = modules::make_part<LedgerPart>};
}

}  // namespace florin::ledger
