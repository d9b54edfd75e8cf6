#include "app/modules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "access/access.h"
#include "app/core.h"
#include "app/health_routes.h"
#include "hub/settings.h"
#include "hub/wallet_hub.h"
#include "ledger/ledger_service.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"
#include "webhooks/settings.h"
#include "webhooks/webhooks.h"

namespace florin::app {
namespace {

namespace fs = std::filesystem;

TEST(Modules, NoneIsForgottenAndEachHasTheNameOfItsFolder) {
  std::set<std::string> listed;
  for (const modules::Module& module : all_modules()) {
    EXPECT_TRUE(listed.emplace(module.name).second) << module.name << " is listed twice";
    EXPECT_TRUE(fs::is_directory(fs::path(FLORIN_SOURCE_DIR) / "src" / module.name)) << module.name;
  }
  for (const auto& folder : fs::directory_iterator(fs::path(FLORIN_SOURCE_DIR) / "src")) {
    const bool is_module = fs::exists(folder.path() / "module.h");
    EXPECT_EQ(listed.contains(folder.path().filename()), is_module) << folder.path();
  }
}

TEST(Modules, HaveTheMigrationsOfTheirFolders) {
  for (const modules::Module& module : all_modules()) {
    std::size_t files = 0;
    const fs::path folder = fs::path(FLORIN_SOURCE_DIR) / "src" / module.name / "migrations";
    for (const auto& file : fs::directory_iterator(folder))
      files += file.path().extension() == ".sql" ? 1 : 0;
    EXPECT_EQ(module.migrations.size(), files) << module.name;
    for (const sql::Migration& step : module.migrations) EXPECT_EQ(step.module, module.name);
  }
}

TEST(Modules, HaveSettingsThatNoOtherHas) {
  std::set<std::string> keys, variables;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(variables.insert(setting.env).second) << setting.env;
    EXPECT_TRUE(setting.help.ends_with('.')) << setting.key << ": " << setting.help;
  }
}

/// The first column of the table in docs/events.md has every type in backticks.
std::set<std::string> described_event_types() {
  std::set<std::string> types;
  std::ifstream file(fs::path(FLORIN_SOURCE_DIR) / "docs/events.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (std::size_t open = cell.find('`'); open != std::string::npos;) {
      const std::size_t close = cell.find('`', open + 1);
      types.insert(cell.substr(open + 1, close - open - 1));
      open = cell.find('`', close + 1);
    }
  }
  return types;
}

TEST(Modules, DeclareTheEventTypesThatTheCatalogueDescribes) {
  std::set<std::string> declared;
  for (const std::string_view type : all_event_types())
    EXPECT_TRUE(declared.emplace(type).second) << type << " is declared twice";
  EXPECT_EQ(declared, described_event_types());
}

/// All modules over a database, as a server has them.
class ModulesAtWork : public testing::Test {
 protected:
  ModulesAtWork() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
  }

  const FakeClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  const Secret secret_key{"a key of the tests"};
  Config config;
};

TEST_F(ModulesAtWork, AreHealthyBeforeAndAfterTheyRecover) {
  const Core core(*database, clock, config, secret_key);
  EXPECT_EQ(core.parts().size(), all_modules().size());
  for (const NamedPart& each : core.parts()) {
    EXPECT_EQ(each.part->health().reason, "") << each.name;
    EXPECT_TRUE(each.part->recover()) << each.name;
    EXPECT_EQ(each.part->health().reason, "") << each.name;
  }
  EXPECT_TRUE(core.dependencies().empty()) << "neither Redis nor Kafka is configured";
  EXPECT_TRUE(core.unreadable_secrets()->empty());
}

TEST_F(ModulesAtWork, NameTheirJobsAndLeasedTasksAfterThemselves) {
  const Core core(*database, clock, config, secret_key);
  std::set<std::string> names;
  for (const NamedPart& each : core.parts()) {
    const std::string prefix = std::string(each.name) + ".";
    for (const jobs::Job& job : each.part->jobs()) {
      EXPECT_TRUE(job.name.starts_with(prefix)) << job.name;
      EXPECT_TRUE(names.insert(job.name).second) << job.name;
    }
    for (const jobs::LeasedTask& task : each.part->leased_tasks()) {
      EXPECT_TRUE(task.name.starts_with(prefix)) << task.name;
      EXPECT_TRUE(names.insert(task.name).second) << task.name;
    }
  }
  EXPECT_TRUE(names.contains("webhooks.deliver"));
  EXPECT_FALSE(names.contains("relay.kafka")) << "no brokers are configured";
}

TEST_F(ModulesAtWork, AskForThePermissionsThatTheyDeclare) {
  const Core core(*database, clock, config, secret_key);
  for (const NamedPart& each : core.parts()) {
    const auto module =
        std::find_if(all_modules().begin(), all_modules().end(),
                     [&](const modules::Module& candidate) { return candidate.name == each.name; });
    const std::set<std::string_view> declared(module->permissions.begin(),
                                              module->permissions.end());
    for (const http::Route& route : each.part->routes()) {
      const bool is_for_all = route.permission.empty() || route.permission == access::any_key;
      EXPECT_TRUE(is_for_all || declared.contains(route.permission))
          << each.name << ": " << route.permission;
    }
  }
}

TEST_F(ModulesAtWork, PutIntoTheDatabaseWhatTheSettingsAskFor) {
  config.get<hub::Settings>().hmac_secret = Secret("sixteen bytes or more");
  config.get<webhooks::Settings>().game_server.url = "http://127.0.0.1:9/webhooks";
  for (int start = 1; start <= 2; ++start) {
    Core core(*database, clock, config, secret_key);
    ASSERT_TRUE(core.recover());
    for (const NamedPart& each : core.parts()) ASSERT_TRUE(each.part->apply_settings()) << start;
    const auto tenant = core.get<access::Access>().find_tenant("default");
    ASSERT_TRUE(tenant);
    EXPECT_EQ(core.get<hub::Hub>().partners().list(tenant->id)->size(), 1U);
  }
}

TEST_F(ModulesAtWork, NameSecretsThatDoNotOpenWithTheKey) {
  config.get<hub::Settings>().hmac_secret = Secret("sixteen bytes or more");
  {
    Core core(*database, clock, config, secret_key);
    ASSERT_TRUE(core.recover());
    for (const NamedPart& each : core.parts()) ASSERT_TRUE(each.part->apply_settings());
  }
  Core other(*database, clock, config, Secret("another key of the tests"));
  ASSERT_TRUE(other.recover());
  EXPECT_EQ(*other.unreadable_secrets(), std::vector<std::string>{"partner default"});
}

TEST_F(ModulesAtWork, StartWithoutAConfiguredSecretWhileTheKeyIsLost) {
  config.get<hub::Settings>().hmac_secret = Secret("sixteen bytes or more");
  Core core(*database, clock, config, Secret());
  ASSERT_TRUE(core.recover());
  for (const NamedPart& each : core.parts()) EXPECT_TRUE(each.part->apply_settings()) << each.name;
  const auto tenant = core.get<access::Access>().find_tenant("default");
  EXPECT_TRUE(core.get<hub::Hub>().partners().list(tenant->id)->empty());
}

}  // namespace
}  // namespace florin::app
