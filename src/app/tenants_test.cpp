#include "app/tenants.h"

#include <gtest/gtest.h>

#include "access/errors.h"
#include "app/core.h"
#include "app/modules.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

class Tenants : public testing::Test {
 protected:
  Tenants() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    core = std::make_unique<Core>(*database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core->recover());
  }
  access::Access& tenants() { return core->get<access::Access>(); }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  Config config;
  std::unique_ptr<Core> core;
};

TEST_F(Tenants, TheConfiguredOneIsMadeOnce) {
  const auto first = configured_tenant(tenants(), config);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(first->name, "default");
  EXPECT_EQ(configured_tenant(tenants(), config)->id, first->id);
  config.sandbox = true;
  const auto demo = configured_tenant(tenants(), config);
  ASSERT_TRUE(demo);
  EXPECT_EQ(demo->name, "demo");
  EXPECT_EQ(tenants().tenants()->size(), 2U);
}

TEST_F(Tenants, NoNameButTheDefaultMakesOne) {
  const auto missing = tenant_by_name(tenants(), "acme");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, access::errors::tenant_not_found);
  EXPECT_TRUE(tenants().tenants()->empty());
  const auto made = tenant_by_name(tenants(), "default");
  ASSERT_TRUE(made);
  EXPECT_EQ(tenant_by_name(tenants(), "default")->id, made->id);
  EXPECT_EQ(tenant_by_name(tenants(), made->id.str())->id, made->id) << "its id names it, too";
}

}  // namespace
}  // namespace florin::app
