#include "app/application.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "access/access.h"
#include "app/modules.h"
#include "hub/wallet_hub.h"
#include "platform/http_client/http_client.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

/// The whole server, on a free port of this machine.
class Server : public testing::Test {
 protected:
  Server() {
    config.data_dir = folder.path();
    config.http.host = "127.0.0.1";
    config.http.port = 0;
    EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
    application = make();
  }
  std::unique_ptr<Application> make() {
    return std::make_unique<Application>(*database, clock, config, secret_key);
  }
  void start() {
    for (const Result<void>& step :
         {application->join([] {}), application->prepare(), application->start()})
      ASSERT_TRUE(step) << step.error().detail;
    port = application->port();
  }
  /// The status of the answer; 0 without one.
  int status_of(const std::string& path) {
    http_client::Request request;
    request.method = "GET";
    request.url = fmt::format("http://127.0.0.1:{}{}", port, path);
    request.addresses = http_client::AddressRule::any;
    request.max_response_bytes = 8 << 20;
    const auto answer = client.execute(std::move(request));
    return answer ? answer->status : 0;
  }

  const SystemClock clock;
  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  const Secret secret_key{"a key of the tests"};
  Config config;
  http_client::HttpClient client{http_client::ClientOptions()};
  int port = 0;
  std::unique_ptr<Application> application;
};

TEST_F(Server, AnswersUntilItHasStopped) {
  start();
  EXPECT_GT(port, 0);
  EXPECT_EQ(status_of("/health"), 200);
  EXPECT_EQ(status_of("/health/ready"), 200);
  EXPECT_EQ(status_of("/health/services"), 200);
  EXPECT_EQ(status_of("/openapi.json"), 200);
  EXPECT_EQ(status_of("/v1/accounts"), 401) << "asks for a key";
  EXPECT_EQ(status_of("/nothing/here"), 404);
  application->stop();
  EXPECT_EQ(status_of("/health"), 0) << "nobody listens";
}

TEST_F(Server, LeavesInTwoStepsAndAnswersBetweenThem) {
  start();
  application->begin_to_leave();
  EXPECT_EQ(status_of("/health/ready"), 503) << "others are to get the requests";
  EXPECT_EQ(status_of("/health"), 200);
  EXPECT_EQ(status_of("/openapi.json"), 200) << "those that still come are answered";
  application->begin_to_leave();
  EXPECT_EQ(status_of("/health"), 200) << "the second call does nothing";
  application->stop();
  EXPECT_EQ(status_of("/health"), 0);
  application->stop();
}

TEST_F(Server, RunsNoJobOnceItLeaves) {
  start();
  application->begin_to_leave();
  const auto runs = [&] {
    std::int64_t sum = 0;
    for (const jobs::JobState& job : application->scheduler().states()) sum += job.runs;
    return sum;
  };
  const std::int64_t before = runs();
  EXPECT_EQ(status_of("/health/services"), 200);
  EXPECT_EQ(runs(), before);
}

TEST_F(Server, StopsBeforeAnyStepOfAStart) {
  application->stop();
  application->stop();
  application.reset();
}

TEST_F(Server, StopsOnceItHasJoined) {
  ASSERT_TRUE(application->join([] {}));
  application->stop();
}

TEST_F(Server, StopsOnceItIsPrepared) {
  ASSERT_TRUE(application->join([] {}));
  ASSERT_TRUE(application->prepare());
  application->begin_to_leave();
  application.reset();
}

TEST_F(Server, GivesItsPlaceBackSoThatTheNextCanStartAtOnce) {
  for (int round = 1; round <= 2; ++round) {
    start();
    EXPECT_EQ(status_of("/health/ready"), 200) << round;
    application->stop();
    application = make();
  }
}

TEST_F(Server, SaysWhereItCannotListen) {
  start();
  config.http.port = port;
  const auto others = std::move(*sql::open_test_database());
  ASSERT_TRUE(sql::migrate(*others, all_migrations(), clock.now()));
  Application second(*others, clock, config, secret_key);
  ASSERT_TRUE(second.join([] {}));
  ASSERT_TRUE(second.prepare());
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code.name, "cannot_listen") << started.error().detail;
  second.stop();
  EXPECT_EQ(status_of("/health"), 200) << "the first one is as before";
}

TEST_F(Server, LimitsBodiesWhereNoKeyIsAskedFor) {
  for (const http::Route& route : application->routes()) {
    if (!route.permission.empty()) continue;
    EXPECT_LE(route.max_body_bytes, 64U << 10) << route.pattern;
  }
}

TEST_F(Server, KnowsEveryJobOfItsModules) {
  std::vector<std::string> known;
  for (const jobs::JobState& job : application->scheduler().states()) known.push_back(job.name);
  const auto other = make();
  for (const NamedPart& each : other->core().parts()) {
    for (const jobs::Job& job : each.part->jobs())
      EXPECT_EQ(std::count(known.begin(), known.end(), job.name), 1) << job.name;
  }
  EXPECT_EQ(std::count(known.begin(), known.end(), "http.reload_certificate"), 0)
      << "plain HTTP has no certificate";
}

/// All modules, without a server around them.
class ServerModules : public Server {};

TEST_F(ServerModules, GoOnAfterTheNewestStoredIds) {
  FakeClock late(Timestamp{1'900'000'000'000'000}), early(Timestamp{1'700'000'000'000'000});
  hub::PartnerId newest;
  {
    Core core(*database, late, config, secret_key);
    ASSERT_TRUE(core.recover());
    hub::PartnerDraft wanted;
    wanted.code = "late";
    wanted.currencies = {*Currency::parse("USD")};
    wanted.secret = Secret("a secret of the partner, made for tests");
    const auto tenant = core.get<access::Access>().create_tenant("late")->id;
    newest = core.get<hub::Hub>().partners().ensure(tenant, wanted)->id;
  }
  Core core(*database, early, config, secret_key);
  ASSERT_TRUE(core.recover());
  ASSERT_TRUE(core.recover()) << "the second call does nothing";
  const auto next = core.get<access::Access>().create_tenant("early");
  ASSERT_TRUE(next) << next.error().detail;
  EXPECT_GT(next->id.value, newest.value) << "though the clock was set back";
}

TEST_F(ServerModules, StopInTheReverseOrderWithoutAStartAndTwice) {
  Core core(*database, clock, config, secret_key);
  const auto& parts = core.parts();
  for (int round = 1; round <= 2; ++round) {
    for (auto each = parts.rbegin(); each != parts.rend(); ++each) each->part->begin_to_leave();
    for (auto each = parts.rbegin(); each != parts.rend(); ++each) each->part->stop();
  }
}

TEST_F(ServerModules, AreBuiltInTheOrderOfTheList) {
  const auto& parts = application->core().parts();
  std::size_t place = 0;
  for (const modules::Module& module : all_modules()) {
    if (!module.build) continue;
    ASSERT_LT(place, parts.size());
    EXPECT_EQ(parts[place].name, module.name);
    ++place;
  }
  EXPECT_EQ(place, parts.size());
}

}  // namespace
}  // namespace florin::app
