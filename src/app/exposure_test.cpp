#include "app/exposure.h"

#include <gtest/gtest.h>

#include "access/access.h"
#include "app/core.h"
#include "app/modules.h"
#include "hub/settings.h"
#include "hub/wallet_hub.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"
#include "webhooks/settings.h"

namespace florin::app {
namespace {

/// Partners as an earlier start has left them in the database.
class StoredPartners : public testing::Test {
 protected:
  StoredPartners() {
    config.data_dir = folder.path();
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    core = std::make_unique<Core>(*database, clock, config, Secret("a key of the tests"));
    EXPECT_TRUE(core->recover());
    tenant = core->get<access::Access>().create_tenant("acme")->id;
  }
  void put(const std::string& code, const Secret& secret,
           hub::PartnerStatus status = hub::PartnerStatus::active) {
    hub::PartnerDraft wanted;
    wanted.code = code;
    wanted.currencies = {*Currency::parse("USD")};
    wanted.secret = secret;
    wanted.status = status;
    const auto stored = partners().ensure(tenant, wanted);
    ASSERT_TRUE(stored) << stored.error().detail;
    ASSERT_TRUE(partners().refresh());
  }
  hub::Partners& partners() { return core->get<hub::Hub>().partners(); }
  std::string at(const std::string& host) {
    config.http.host = host;
    const auto checked = check_exposure(config, partners());
    return checked ? "accepted" : checked.error().detail;
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  Config config;
  std::unique_ptr<Core> core;
  TenantId tenant;
};

TEST_F(StoredPartners, OfASandboxAreForLoopbackAlone) {
  EXPECT_EQ(at("0.0.0.0"), "accepted") << "there is none";
  put("acme-games", sandbox::Options().hub_secret);
  EXPECT_EQ(at("127.0.0.1"), "accepted");
  EXPECT_EQ(at("::1"), "accepted");
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1"}) {
    const std::string refused = at(host);
    EXPECT_EQ(refused.find("the partner acme-games has a secret"), 0U) << refused;
    EXPECT_NE(refused.find("florin partners rotate-secret acme-games --overlap 0 --tenant " +
                           tenant.str()),
              std::string::npos)
        << refused;
  }
}

TEST_F(StoredPartners, WithASecretOfTheirOwnAreForEverybody) {
  put("acme-games", Secret("a secret of the partner, made for tests"));
  EXPECT_EQ(at("0.0.0.0"), "accepted");
}

TEST_F(StoredPartners, AreNamedOneThatCountsAmongMany) {
  put("good", Secret("a secret of the partner, made for tests"));
  put("bad", sandbox::Options().hub_secret);
  EXPECT_EQ(at("0.0.0.0").find("the partner bad has a secret"), 0U);
  put("bad", Secret("another secret of the partner, for tests"));
  EXPECT_EQ(at("0.0.0.0"), "accepted") << "the new secret has replaced the published one";
}

TEST(ExposureOfSettings, EachPublishedSecretIsRefusedByTheNameOfItsSetting) {
  const sandbox::Options published;
  const auto refusal = [&](auto set) {
    Config config;
    config.http.host = "0.0.0.0";
    set(config);
    const auto checked = check_exposure(config);
    if (checked) return std::string("accepted");
    EXPECT_EQ(checked.error().code, errors::invalid_configuration);
    return checked.error().detail.substr(0, checked.error().detail.find(' '));
  };
  // Any published secret is refused in any place: it is known whatever it was made for.
  for (const Secret& secret :
       {published.hub_secret, published.operator_secrets.front(), published.webhook_secret}) {
    EXPECT_EQ(refusal([&](Config& c) { c.get<hub::Settings>().hmac_secret = secret; }),
              "hub.hmac_secret");
    EXPECT_EQ(refusal([&](Config& c) { c.get<hub::Settings>().operator_secret = secret; }),
              "hub.operator_secret");
    EXPECT_EQ(refusal([&](Config& c) { c.get<webhooks::Settings>().game_server.secret = secret; }),
              "webhooks.rgs_secret");
  }
  EXPECT_EQ(refusal([](Config&) {}), "accepted") << "none is set";
}

TEST(ExposureOfSimulators, EachPublishedSecretIsRefusedByItsFlag) {
  const Secret own("a secret of its own making");
  sandbox::Options options;
  options.operator_host = "0.0.0.0";
  const auto flag = [&] {
    const auto checked = check_exposure(options, true);
    if (checked) return std::string("accepted");
    return checked.error().detail.substr(0, checked.error().detail.find(' '));
  };
  EXPECT_EQ(flag(), "--secret");
  options.hub_secret = own;
  EXPECT_EQ(flag(), "--operator-secret");
  options.operator_secrets = {own};
  EXPECT_EQ(flag(), "--webhook-secret");
  options.webhook_secret = own;
  EXPECT_EQ(flag(), "accepted");
  EXPECT_FALSE(check_exposure(options, false)) << "for others it is asked for by name";
  options.operator_host = "::1";
  EXPECT_TRUE(check_exposure(options, false));
}

}  // namespace
}  // namespace florin::app
