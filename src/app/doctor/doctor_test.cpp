#include "app/doctor/doctor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "access/settings.h"
#include "app/data/open_database.h"
#include "app/secret_key.h"
#include "cluster/nodes.h"
#include "hub/settings.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"

namespace florin::app {
namespace {

using State = DoctorReport::State;

class Doctor : public testing::Test {
 protected:
  Doctor() {
    config.data_dir = folder.path() + "/data";
    EXPECT_TRUE(open_database(config, clock));
    EXPECT_TRUE(load_secret_key(config));
  }
  State state_of(std::string_view what) {
    const DoctorReport report = examine(config, clock);
    for (const auto& entry : report.entries()) {
      if (entry.what == what) return entry.state;
    }
    ADD_FAILURE() << "nothing was said of " << what;
    return State::fault;
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  Config config;
};

TEST_F(Doctor, FindsNothingWrongWithAFreshDatabase) {
  const DoctorReport report = examine(config, clock);
  EXPECT_TRUE(report.well()) << report.text();
  EXPECT_EQ(state_of("version"), State::ok);
  EXPECT_EQ(state_of("secret key"), State::ok);
  EXPECT_EQ(state_of("schema"), State::ok);
}

TEST_F(Doctor, TellsOfAKeyThatOthersCanRead) {
  ::chmod((config.data_dir + "/secret.key").c_str(), 0644);
  EXPECT_EQ(state_of("secret key"), State::fault);
  EXPECT_FALSE(examine(config, clock).well());
}

TEST_F(Doctor, TellsOfSettingsThatAreOpenToTheWorld) {
  config.http.host = "0.0.0.0";
  config.get<access::Settings>().rate_limit_per_second = 0;
  config.get<hub::Settings>().hmac_secret = Secret("sandbox-hub-secret");
  EXPECT_EQ(state_of("listening"), State::warning);
  EXPECT_EQ(state_of("rate limit"), State::warning);
  EXPECT_EQ(state_of("HMAC_SECRET"), State::warning);
  EXPECT_TRUE(examine(config, clock).well()) << "warnings are no faults";
}

TEST_F(Doctor, TellsOfAMissingDatabaseAndOfAClockThatIsNotSet) {
  config.data_dir = folder.path();
  EXPECT_EQ(state_of("database"), State::fault);
  const FakeClock unset(Timestamp{0});
  EXPECT_FALSE(examine(config, unset).well());
}

TEST_F(Doctor, TellsOfANodeWhoseClockIsAhead) {
  FakeClock ahead(clock.now().plus_seconds(60));
  const auto database = std::move(*open_database(config, clock));
  cluster::Nodes nodes(*database, ahead, ahead, {3, "s", "elsewhere", "host", "addr", "1"},
                       10'000'000);
  ASSERT_TRUE(*nodes.try_join());
  EXPECT_EQ(state_of("node 3's clock"), State::fault);
  ahead.set(clock.now());
  ASSERT_TRUE(database->write([&](sql::Tx& tx) { return nodes.heartbeat(tx); }));
  EXPECT_EQ(state_of("node 3"), State::ok);
  ahead.set(clock.now().plus_seconds(-60));
  ASSERT_TRUE(database->write([&](sql::Tx& tx) { return nodes.heartbeat(tx); }));
  EXPECT_EQ(state_of("node 3"), State::warning);
}

TEST_F(Doctor, SpeaksJson) {
  const auto document = json::parse(examine(config, clock).json());
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->find("well"), json::Value(true));
  EXPECT_GT(document->find("findings")->as_array()->size(), 8u);
}

}  // namespace
}  // namespace florin::app
