#include "app/health_routes.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/route_answers_fixture.h"
#include "app/version.h"
#include "platform/json/value.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "platform/sql/temporary_folder.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

using modules::Dependency;
using modules::Health;
using modules::HealthLevel;

/// Routes over a real database, of a process with one module, "ledger".
class HealthRoutes : public testing::Test {
 protected:
  http::Routes routes() {
    return health_routes({*database,
                          metrics,
                          {{"ledger", [this] { return ledger; }}},
                          [this] { return takes_requests; },
                          [this] { return dependencies; }});
  }
  http::Response get(std::string_view pattern, const std::string& service = "") {
    return answer_of(routes(), pattern, {{"service", service}});
  }
  /// /health/services, read.
  json::Value services() { return *json::parse(get("/health/services").body); }
  /// What it says of one service; null when it does not name it.
  static json::Value service(const json::Value& document, std::string_view name) {
    for (const json::Value& each : *document.find("services")->as_array()) {
      if (*each.find("name") == json::Value(std::string(name))) return each;
    }
    return {};
  }
  static std::string text(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    return value && value->as_string() ? *value->as_string() : "";
  }

  sql::TemporaryFolder folder = *sql::TemporaryFolder::make();
  std::unique_ptr<sql::Database> database = std::move(*sql::open_test_database());
  metrics::Registry metrics;
  Health ledger;
  bool takes_requests = true;
  std::vector<Dependency> dependencies;
};

/// Over a file that is taken away under the server, as a disk that is gone.
class HealthWithoutDatabase : public HealthRoutes {
 protected:
  HealthWithoutDatabase() {
    const std::string path = folder.path() + "/florin.db";
    database = std::move(*sql::open_test_database(path));
    EXPECT_EQ(get("/health/ready").status, 200) << "while the file is there";
    std::filesystem::remove(path);
  }
};

TEST_F(HealthRoutes, ArePublicAndTakeAnyQuery) {
  for (const http::Route& route : routes()) {
    EXPECT_EQ(route.method, "GET") << route.pattern;
    EXPECT_EQ(route.permission, "") << route.pattern;
    EXPECT_EQ(route.query, http::any_query) << route.pattern << ": a prober may add what it likes";
  }
}

TEST_F(HealthRoutes, SayThatTheProcessLivesAndTakesRequests) {
  for (const char* pattern : {"/health", "/health/ready"}) {
    const http::Response answer = get(pattern);
    EXPECT_EQ(answer.status, 200) << pattern;
    EXPECT_EQ(answer.body, R"({"status":"UP"})") << pattern;
    EXPECT_EQ(answer.content_type, "application/json") << pattern;
  }
}

TEST_F(HealthRoutes, AProcessThatLeavesLivesAndIsNotReady) {
  takes_requests = false;
  EXPECT_EQ(get("/health").status, 200);
  const http::Response ready = get("/health/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, R"({"status":"DOWN"})");
  EXPECT_EQ(get("/{service}/actuator/health", "ledger").status, 200)
      << "the service itself still answers";
}

TEST_F(HealthRoutes, NameEachServiceWithItsStatus) {
  EXPECT_EQ(get("/health/services").status, 200);
  const json::Value found = services();
  EXPECT_EQ(text(found, "status"), to_string(HealthLevel::healthy));
  EXPECT_EQ(text(found, "version"), version);
  EXPECT_EQ(found.find("services")->as_array()->size(), 2U) << "the database and the module";
  for (const char* name : {"database", "ledger"}) {
    EXPECT_EQ(text(service(found, name), "status"), to_string(HealthLevel::healthy)) << name;
    EXPECT_EQ(service(found, name).find("detail"), nullptr) << name << ": nothing to say";
  }
}

TEST_F(HealthRoutes, TheWorstOfAllIsTheStatusOfTheServer) {
  ledger = Health::degraded("the job ledger.expire_holds failed: \"why\"");
  http::Response answer = get("/health/services");
  EXPECT_EQ(answer.status, 200) << "degraded still works";
  json::Value found = services();
  EXPECT_EQ(text(found, "status"), to_string(HealthLevel::degraded));
  EXPECT_EQ(text(service(found, "ledger"), "detail"), ledger.reason);
  EXPECT_EQ(text(service(found, "database"), "status"), to_string(HealthLevel::healthy));

  ledger = {HealthLevel::down, "it has ended"};
  found = services();
  EXPECT_EQ(text(found, "status"), to_string(HealthLevel::down));
  EXPECT_EQ(get("/health/services").status, 200) << "the database answers";
  EXPECT_EQ(get("/health/ready").status, 200) << "and requests are taken";
}

TEST_F(HealthRoutes, ADependencyThatIsAwayDegradesTheServer) {
  dependencies = {{"redis", true, ""}, {"kafka", false, "no broker answers"}};
  const json::Value found = services();
  EXPECT_EQ(text(found, "status"), to_string(HealthLevel::degraded));
  EXPECT_EQ(text(service(found, "redis"), "status"), to_string(HealthLevel::healthy));
  EXPECT_EQ(text(service(found, "kafka"), "status"), to_string(HealthLevel::degraded));
  EXPECT_EQ(text(service(found, "kafka"), "detail"), "no broker answers");
  EXPECT_EQ(get("/health/ready").status, 200) << "the server continues without it";
}

TEST_F(HealthRoutes, OneServiceIsAskedByItsName) {
  const http::Response known = get("/{service}/actuator/health", "ledger");
  EXPECT_EQ(known.status, 200);
  EXPECT_EQ(known.body, R"({"status":"UP"})");
  for (const char* unknown : {"", "ledge", "ledger2", "database"}) {
    const http::Response refused = get("/{service}/actuator/health", unknown);
    EXPECT_EQ(refused.status, 404) << unknown;
    EXPECT_NE(refused.body.find("route_not_found"), std::string::npos) << refused.body;
  }
}

TEST_F(HealthRoutes, MetricsCopyTheFiguresOfTheDatabase) {
  metrics.gauge("florin_of_a_module", "Something that a module counts.").set(7);
  ASSERT_TRUE(database->write([](sql::Tx&) -> Result<void> { return {}; }));
  const http::Response answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.content_type.starts_with("text/plain; version=0.0.4")) << answer.content_type;
  EXPECT_NE(answer.body.find("\nflorin_of_a_module 7\n"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\nflorin_sql_write_failing 0\n"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("\nflorin_sql_damaged_pages 0\n"), std::string::npos) << answer.body;
  EXPECT_GE(metrics.gauge("florin_sql_units_total", "").value(), 1);

  const double before = metrics.gauge("florin_sql_units_total", "").value();
  ASSERT_TRUE(database->write([](sql::Tx&) -> Result<void> { return {}; }));
  (void)get("/metrics");
  EXPECT_GT(metrics.gauge("florin_sql_units_total", "").value(), before)
      << "they are copied anew each time";
}

TEST_F(HealthWithoutDatabase, TheProcessLivesAndTakesNoRequests) {
  EXPECT_EQ(get("/health").status, 200) << "to start it again would not help";
  EXPECT_EQ(get("/health/ready").status, 503);
  const http::Response one = get("/{service}/actuator/health", "ledger");
  EXPECT_EQ(one.status, 503);
  EXPECT_EQ(one.body, R"({"status":"DOWN"})");
  EXPECT_EQ(get("/{service}/actuator/health", "nobody").status, 404);
}

TEST_F(HealthWithoutDatabase, NoServiceIsBetterThanItsDatabase) {
  EXPECT_EQ(get("/health/services").status, 503);
  const json::Value found = services();
  EXPECT_EQ(text(found, "status"), to_string(HealthLevel::down));
  EXPECT_EQ(text(service(found, "database"), "status"), to_string(HealthLevel::down));
  EXPECT_NE(text(service(found, "database"), "detail"), "");
  EXPECT_EQ(text(service(found, "ledger"), "status"), to_string(HealthLevel::down));
  EXPECT_EQ(text(service(found, "ledger"), "detail"), "the database is unavailable");
}

TEST_F(HealthWithoutDatabase, MetricsAreStillGiven) { EXPECT_EQ(get("/metrics").status, 200); }

}  // namespace
}  // namespace florin::app
