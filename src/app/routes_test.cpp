#include <gtest/gtest.h>

#include <set>

#include "app/application.h"
#include "app/docs_routes.h"
#include "app/migrations.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

/// "GET /v1/accounts/{id}" for every operation of the API document.
std::set<std::string> documented() {
  std::set<std::string> operations;
  for (const http::Route& route : docs_routes()) {
    if (route.pattern != "/openapi.json") continue;
    const auto response = std::get<http::SyncHandler>(route.handler)(http::Request());
    const auto document = json::parse(response->body);
    for (const auto& [path, item] : *document->find("paths")->as_object()) {
      for (const auto& [method, operation] : *item.as_object()) {
        std::string upper = method;
        for (char& c : upper) c = static_cast<char>(std::toupper(c));
        operations.insert(upper + " " + path);
      }
    }
  }
  return operations;
}

TEST(Routes, AreThoseOfTheApiDocument) {
  const FakeClock clock;
  const auto database = std::move(*sql::open_test_database());
  ASSERT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
  Application application(*database, clock, Config(), Secret("a key for tests only"));
  std::set<std::string> served;
  for (const http::Route& route : application.routes()) {
    EXPECT_TRUE(served.insert(route.method + " " + route.pattern).second)
        << route.pattern << " is served twice";
  }
  EXPECT_EQ(served, documented());
}

}  // namespace
}  // namespace florin::app
