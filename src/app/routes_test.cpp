#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "app/application.h"
#include "app/docs_routes.h"
#include "app/modules.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::app {
namespace {

/// What an operation takes: the names in its query and whether it has a body.
struct Takes {
  std::set<std::string> query;
  bool body = false;
  bool operator==(const Takes&) const = default;
};
using Operations = std::map<std::string, Takes>;  // By "GET /v1/accounts/{id}".

std::string text_of(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  return value && value->as_string() ? *value->as_string() : "";
}

/// Follows "#/components/parameters/limit".
const json::Value& resolved(const json::Value& document, const json::Value& value) {
  const std::string reference = text_of(value, "$ref");
  if (reference.empty()) return value;
  const json::Value* found = &document;
  for (std::size_t begin = 2; begin < reference.size();) {
    const std::size_t end = std::min(reference.find('/', begin), reference.size());
    found = found->find(reference.substr(begin, end - begin));
    begin = end + 1;
  }
  return *found;
}

void read_parameters(const json::Value& document, const json::Value& holder, Takes& takes) {
  const json::Value* parameters = holder.find("parameters");
  if (!parameters) return;
  for (const json::Value& each : *parameters->as_array()) {
    const json::Value& parameter = resolved(document, each);
    if (text_of(parameter, "in") != "query") continue;
    const bool deep = text_of(parameter, "style") == "deepObject";
    takes.query.insert(text_of(parameter, "name") + (deep ? "[]" : ""));
  }
}

Operations documented() {
  Operations operations;
  const json::Value document = *json::parse(api_document());
  for (const auto& [path, item] : *document.find("paths")->as_object()) {
    for (const auto& [method, operation] : *item.as_object()) {
      if (method == "parameters") continue;
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      Takes& takes = operations[upper + " " + path];
      read_parameters(document, item, takes);
      read_parameters(document, operation, takes);
      takes.body = operation.find("requestBody") != nullptr;
    }
  }
  return operations;
}

Takes declared(const http::Route& route) {
  const bool by_method = route.method == "POST" || route.method == "PATCH";
  Takes takes{{}, route.body == http::Body::by_method && by_method};
  for (const http::QueryParam& param : route.query) takes.query.insert(param.name);
  takes.query.erase("*");
  return takes;
}

TEST(Routes, AreThoseOfTheApiDocumentWithTheirParametersAndBodies) {
  const FakeClock clock;
  const auto database = std::move(*sql::open_test_database());
  ASSERT_TRUE(sql::migrate(*database, all_migrations(), clock.now()));
  Application application(*database, clock, Config(), Secret("a key for tests only"));
  Operations left = documented();
  for (const http::Route& route : application.routes()) {
    const std::string name = route.method + " " + route.pattern;
    const auto found = left.find(name);
    ASSERT_NE(found, left.end()) << name << " is not documented, or served twice";
    EXPECT_EQ(declared(route).query, found->second.query) << name;
    EXPECT_EQ(declared(route).body, found->second.body) << name << " takes a body";
    left.erase(found);
  }
  for (const auto& [name, takes] : left) ADD_FAILURE() << name << " is documented and not served";
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

TEST(ApiDocument, HasEverySchemaOnceAndNoReferenceWithoutItsTarget) {
  const auto document = json::parse(api_document());
  ASSERT_TRUE(document) << "a schema stands in docs/api and comes from a description too: "
                        << document.error().detail;
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
}

}  // namespace
}  // namespace florin::app
