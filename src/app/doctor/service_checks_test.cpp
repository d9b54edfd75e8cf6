#include "app/doctor/service_checks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "access/access.h"
#include "app/core.h"
#include "app/modules.h"
#include "cluster/leases.h"
#include "cluster/nodes.h"
#include "hub/wallet_hub.h"
#include "platform/jobs/scheduler.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "platform/sql/errors.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

using modules::Health;
using modules::HealthLevel;

constexpr std::int64_t lease_us = 10'000'000;

/// The checks of a process with all modules, over a real database.
class ServiceChecks : public testing::Test {
 protected:
  ServiceChecks() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    core = std::make_unique<Core>(*database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core->recover());
    scheduler.add({"hub.test", "A job of the hub.", 1'000, [this] { return outcome; }});
    scheduler.add(
        {"ledger.test", "One that one node alone runs.", 1'000, [this] { return outcome; }, true});
  }
  std::vector<ServiceCheck> checks() const {
    return service_checks({*core, *database, leases, scheduler,
                           [this](const std::string&) { return is_ours; }, clock,
                           [] { return nullptr; }});
  }
  Health of(std::string_view name) const {
    for (const ServiceCheck& check : checks()) {
      if (check.name == name) return check.look();
    }
    ADD_FAILURE() << "there is no check " << name;
    return {};
  }
  void run_failing(const std::string& job) {
    outcome = Error{sql::errors::store_unavailable, "the disk is full"};
    EXPECT_FALSE(scheduler.run_now(job));
  }

  const SystemClock clock;
  const BootClock steady;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  Config config;
  std::unique_ptr<Core> core;
  cluster::Nodes nodes{
      *database, clock, steady, {0, "session", "process", "host", "addr", "1"}, lease_us};
  cluster::Leases leases{*database, clock, steady, nodes.self(), lease_us};
  jobs::Scheduler scheduler{clock};
  Result<std::string> outcome = std::string();
  bool is_ours = true;
};

TEST_F(ServiceChecks, LookAtEveryModuleAndWhatTheyShare) {
  std::vector<std::string> names;
  for (const ServiceCheck& check : checks()) {
    names.push_back(check.name);
    EXPECT_EQ(check.look().reason, "") << check.name;
  }
  for (const NamedPart& each : core->parts())
    EXPECT_EQ(std::count(names.begin(), names.end(), each.name), 1) << each.name;
  for (const char* shared : {"http", "jobs", "schema", "secrets"})
    EXPECT_EQ(std::count(names.begin(), names.end(), shared), 1) << shared;
}

TEST_F(ServiceChecks, AFailedJobDegradesItsModuleUntilItSucceeds) {
  run_failing("hub.test");
  const Health hub = of("hub");
  EXPECT_EQ(hub.level, HealthLevel::degraded);
  EXPECT_EQ(hub.reason.find("the job hub.test failed: "), 0U) << hub.reason;
  EXPECT_EQ(of("jobs").reason, hub.reason);
  EXPECT_EQ(of("ledger").level, HealthLevel::healthy) << "it is no job of the ledger";
  outcome = std::string("done");
  EXPECT_TRUE(scheduler.run_now("hub.test"));
  EXPECT_EQ(of("hub").level, HealthLevel::healthy);
  EXPECT_EQ(of("jobs").level, HealthLevel::healthy);
}

TEST_F(ServiceChecks, AllFailedJobsAreNamed) {
  run_failing("hub.test");
  run_failing("ledger.test");
  const std::string all = of("jobs").reason;
  EXPECT_NE(all.find("the job hub.test failed"), std::string::npos) << all;
  EXPECT_NE(all.find("; the job ledger.test failed"), std::string::npos) << all;
}

TEST_F(ServiceChecks, AJobThatAnotherNodeRunsNowIsNotJudgedByOurLastRun) {
  run_failing("ledger.test");
  EXPECT_EQ(of("ledger").level, HealthLevel::degraded);
  is_ours = false;
  EXPECT_EQ(of("ledger").level, HealthLevel::healthy);
  run_failing("hub.test");
  EXPECT_EQ(of("hub").level, HealthLevel::degraded) << "every node runs that one";
}

TEST_F(ServiceChecks, RefusedBodiesDegradeHttp) {
  auto& full = core->get<metrics::Registry>().gauge("florin_http_body_memory_full", "");
  full.set(1);
  EXPECT_EQ(of("http").level, HealthLevel::degraded);
  EXPECT_NE(of("http").reason.find("http.body_memory_bytes"), std::string::npos);
  full.set(0);
  EXPECT_EQ(of("http").level, HealthLevel::healthy);
}

TEST_F(ServiceChecks, SecretsThatDoNotOpenAreNamedTheFirstTenAlone) {
  EXPECT_EQ(unreadable_secrets(*core), "");
  const auto tenant = core->get<access::Access>().create_tenant("acme")->id;
  for (int number = 10; number < 22; ++number) {
    hub::PartnerDraft wanted;
    wanted.code = "p" + std::to_string(number);
    wanted.currencies = {*Currency::parse("USD")};
    wanted.secret = Secret("a secret of the partner, made for tests");
    ASSERT_TRUE(core->get<hub::Hub>().partners().ensure(tenant, wanted));
  }
  core = std::make_unique<Core>(*database, clock, config, Secret("another key of the tests"));
  ASSERT_TRUE(core->recover());
  const Health secrets = of("secrets");
  EXPECT_EQ(secrets.level, HealthLevel::degraded);
  EXPECT_EQ(secrets.reason, unreadable_secrets(*core));
  EXPECT_TRUE(secrets.reason.ends_with(", 12 in all")) << secrets.reason;
  EXPECT_EQ(std::count(secrets.reason.begin(), secrets.reason.end(), ','), 11) << secrets.reason;
}

}  // namespace
}  // namespace florin::app
