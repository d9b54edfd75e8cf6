#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "access/access.h"
#include "app/application.h"
#include "app/docs_routes.h"
#include "app/modules.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

std::string text_of(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->as_string() ? *value->as_string() : "";
}

/// The document of the server's own routes.
ApiDocument document_of_the_server() {
  const FakeClock clock;
  const auto database = std::move(*sql::open_test_database());
  EXPECT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
  Application application(*database, clock, Config(), Secret("a key for tests only"));
  return api_document(application.routes());
}

TEST(ApiDocument, SaysWhatTheRoutesDeclare) {
  for (const std::string& problem : document_of_the_server().problems) ADD_FAILURE() << problem;
}

TEST(Routes, AskForEveryPermissionThatAModuleDeclaresAndForNoOther) {
  const FakeClock clock;
  const auto database = std::move(*sql::open_test_database());
  ASSERT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
  Application application(*database, clock, Config(), Secret("a key for tests only"));
  std::set<std::string> asked, declared;
  for (const http::Route& route : application.routes()) asked.insert(route.permission);
  asked.erase("");
  asked.erase(std::string(access::any_key));
  for (const std::string_view name : all_permissions())
    EXPECT_TRUE(declared.emplace(name).second) << name << " is declared twice";
  EXPECT_EQ(asked, declared);
}

/// Every "$ref" below a value.
void collect_references(const json::Value& value, std::set<std::string>& found) {
  if (const std::string reference = text_of(value, "$ref"); !reference.empty())
    found.insert(reference);
  if (value.as_object()) {
    for (const auto& [name, member] : *value.as_object()) collect_references(member, found);
  }
  if (value.as_array()) {
    for (const json::Value& item : *value.as_array()) collect_references(item, found);
  }
}

TEST(ApiDocument, HasTargetsOfItsReferencesAndNoSchemaBesides) {
  const auto document = json::parse(json::serialize(document_of_the_server().content));
  ASSERT_TRUE(document) << document.error().detail;
  std::set<std::string> references;
  collect_references(*document, references);
  EXPECT_GT(references.size(), 50U);
  for (const std::string& reference : references) {
    const json::Value* found = &*document;
    for (std::size_t begin = 2; found && begin < reference.size();) {
      const std::size_t end = std::min(reference.find('/', begin), reference.size());
      found = found->find(reference.substr(begin, end - begin));
      begin = end + 1;
    }
    EXPECT_TRUE(found) << reference;
  }
  for (const auto& [name, unused] : *document->find("components")->find("schemas")->as_object())
    EXPECT_EQ(references.count("#/components/schemas/" + name), 1U)
        << name << " is used by nothing";
}

}  // namespace
}  // namespace florin::app
