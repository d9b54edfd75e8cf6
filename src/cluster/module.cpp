#include "cluster/module.h"

#include <fmt/core.h>

#include "base/try.h"
#include "cluster/agreed_clock.h"
#include "cluster/lease_manager.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

class ClusterPart final : public modules::Part {
 public:
  ClusterPart(sql::Database& database, AgreedClock& clock, const Shown& shown)
      : database_(database), clock_(clock), shown_(shown) {}

  http::Routes routes() override { return cluster::routes(shown_); }

  std::vector<jobs::Job> jobs() override {
    return {{"cluster.compare_clocks", "Compares the host's clock with the database server's.",
             1'000, [this]() -> Result<std::string> {
               TRY(compare_clocks(clock_, database_, steady_));
               return clock_.doubt();
             }}};
  }

  modules::Health health() override {
    if (std::string doubt = clock_.doubt(); !doubt.empty())
      return modules::Health::degraded(std::move(doubt));
    const auto all = shown_.nodes.list();
    if (!all) return modules::Health::degraded(all.error().detail);
    std::string silent;
    for (const Node& node : *all) {
      if (!node.is_live(clock_.now()))
        silent += fmt::format("{}node {} ({}) is silent since {}", silent.empty() ? "" : "; ",
                              node.self.node, node.self.host, node.heartbeat_at.rfc3339());
    }
    return silent.empty() ? modules::Health() : modules::Health::degraded(silent);
  }

 private:
  const BootClock steady_;
  sql::Database& database_;
  AgreedClock& clock_;
  const Shown shown_;
};

std::unique_ptr<modules::Part> build(modules::Services& services) {
  Nodes* const nodes = services.find<Nodes>();
  if (!nodes) return std::make_unique<modules::Part>();
  auto& clock = services.get<AgreedClock>();
  return std::make_unique<ClusterPart>(
      services.get<sql::Database>(), clock,
      Shown{*nodes, services.get<Leases>(), services.get<LeaseManager>(),
            services.get<const jobs::Scheduler>(), clock});
}

constexpr std::string_view permissions[] = {"system:read"};

}  // namespace

Result<void> compare_clocks(AgreedClock& clock, sql::Database& database, const Clock& steady) {
  clock.look(TRY(database_time(database, steady)));
  return {};
}

modules::Module module() {
  return {
      .name = "cluster", .migrations = migrations(), .permissions = permissions, .build = build};
}

}  // namespace florin::cluster
