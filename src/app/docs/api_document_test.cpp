#include "app/docs/api_document.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace florin::app {
namespace {

using http::QueryParam;
using http::Route;
using json::Value;
using Problems = std::vector<std::string>;

constexpr std::string_view prose_text = R"({
  "openapi": "3.1.0",
  "info": {"title": "Payouts"},
  "query_parameters": {"limit": "Rows in a page.", "state": "Only in this state"},
  "path_parameters": {"/v1/payouts/{id}": {"description": "Id of the payout", "example": "po_1"}},
  "statuses": {"payout_not_found": 404, "permission_denied": 403},
  "paths": {
    "/v1/payouts": {
      "get": {"operationId": "listPayouts", "tags": ["Payouts"], "summary": "List payouts",
              "parameters": {"since": "Not before this time"},
              "answers": {"200": {"page": "Payout", "description": "A page."}}},
      "post": {"operationId": "makePayout", "tags": ["Payouts"], "summary": "Make a payout",
               "description": "Once.", "request": "NewPayout", "example": {"amount": 1},
               "answers": {"201": {"schema": "Payout", "description": "The payout."}}}},
    "/v1/payouts/{id}": {
      "delete": {"operationId": "dropPayout", "tags": ["Payouts"], "summary": "Drop a payout",
                 "answers": {"204": {"description": "Gone."}}, "refusals": ["payout_not_found"]}}},
  "components": {"schemas": {"Payout": {"type": "object"}, "Problem": {"type": "object"}}}})";

http::Routes routes() {
  return {{"GET",
           "/v1/payouts",
           "payouts:read",
           {},
           {"limit", {"state", {"open", "paid"}, "open"}, {"since", QueryParam::Kind::time}}},
          {"POST", "/v1/payouts", "payouts:write", {}},
          {"DELETE", "/v1/payouts/{id}", "payouts:write", {}}};
}

ApiDocument made(const http::Routes& of = routes(), std::string_view prose = prose_text) {
  return make_api_document(
      of, json::parse(prose).value(),
      {{"NewPayout", json::Object{{"type", "object"}, {"required", json::Array{"amount"}}}}},
      "1.2.3");
}

/// The value at "paths", "/v1/payouts", "get": its text, for comparison.
std::string at(const ApiDocument& document, std::initializer_list<std::string_view> names) {
  Value found = document.content;
  for (const std::string_view name : names) {
    const Value* next = found.find(name);
    if (!next) return "nothing at " + std::string(name);
    found = Value(*next);
  }
  return json::serialize(found);
}

std::string with(std::string text, std::string_view old, std::string_view now) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), now);
}

TEST(ApiDocument, MakesQueryParametersOfTheDeclaration) {
  const ApiDocument document = made();
  EXPECT_EQ(document.problems, Problems());
  EXPECT_EQ(
      at(document, {"paths", "/v1/payouts", "get", "parameters"}),
      R"([{"name":"limit","in":"query","description":"Rows in a page.","schema":{"type":"integer","minimum":1,"maximum":200,"default":50}},)"
      R"({"name":"state","in":"query","description":"Only in this state","schema":{"type":"string","enum":["open","paid"],"default":"open"}},)"
      R"({"name":"since","in":"query","description":"Not before this time","schema":{"type":"string","format":"date-time"}}])");
}

TEST(ApiDocument, MakesPathParametersAndHeaders) {
  EXPECT_EQ(
      at(made(), {"paths", "/v1/payouts/{id}", "delete", "parameters"}),
      R"([{"name":"id","in":"path","required":true,"description":"Id of the payout","example":"po_1","schema":{"type":"string","maxLength":255}},)"
      R"({"$ref":"#/components/parameters/CsrfToken"}])");
  EXPECT_EQ(at(made(), {"paths", "/v1/payouts", "post", "parameters"}),
            R"([{"$ref":"#/components/parameters/CsrfToken"},)"
            R"({"$ref":"#/components/parameters/IdempotencyKey"}])");
}

TEST(ApiDocument, HasTheVersionOfTheProgramAndNothingForTheAssemblyAlone) {
  EXPECT_EQ(at(made(), {"info", "version"}), R"("1.2.3")");
  EXPECT_EQ(at(made(), {"statuses"}), "nothing at statuses");
}

TEST(ApiDocument, NamesThePermission) {
  EXPECT_EQ(at(made(), {"paths", "/v1/payouts", "post", "description"}),
            R"("Permission: `payouts:write`.\n\nOnce.")");
  EXPECT_EQ(at(made(), {"paths", "/v1/payouts", "get", "security"}), "nothing at security");
}

TEST(ApiDocument, ShowsPublicRoutesAndThoseOfOneScheme) {
  http::Routes all = routes();
  all[0].permission = "";
  all[1] = http::behind("partner_signature", with_key(all[1], http::TakesKey::must));
  all[1].permission = "";
  const ApiDocument document = made(all);
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "get", "security"}), "[]");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "get", "responses", "401"}), "nothing at 401");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "post", "security"}),
            R"([{"partner_signature":[]}])");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "post", "responses", "401", "x-codes"}),
            R"(["invalid_signature","stale_timestamp"])");
}

TEST(ApiDocument, RequiresABodyWhoseSchemaRequiresSomething) {
  EXPECT_EQ(
      at(made(), {"paths", "/v1/payouts", "post", "requestBody"}),
      R"({"description":"At most 1024 KiB.","required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NewPayout"},"example":{"amount":1}}}})");
  std::string other = with(std::string(prose_text), R"("NewPayout")", R"("Payout")");
  EXPECT_EQ(at(made(routes(), other), {"paths", "/v1/payouts", "post", "requestBody", "required"}),
            "false");
  other = with(other, R"("request":)", R"("request_required": true, "request":)");
  EXPECT_EQ(at(made(routes(), other), {"paths", "/v1/payouts", "post", "requestBody", "required"}),
            "true");
}

TEST(ApiDocument, AddsTheCommonRefusalsToAnOperationsOwn) {
  const ApiDocument document = made();
  EXPECT_EQ(at(document, {"paths", "/v1/payouts/{id}", "delete", "responses", "404", "x-codes"}),
            R"(["payout_not_found"])");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts/{id}", "delete", "responses", "403", "x-codes"}),
            R"(["permission_denied","csrf_token_invalid"])");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "post", "responses", "409", "x-codes"}),
            R"(["request_in_progress"])");
  EXPECT_EQ(at(document, {"paths", "/v1/payouts", "get", "responses", "415"}), "nothing at 415");
}

TEST(ApiDocument, MakesTheSchemaOfAPage) {
  EXPECT_EQ(at(made(), {"components", "schemas", "PayoutList", "properties", "data"}),
            R"({"type":"array","items":{"$ref":"#/components/schemas/Payout"}})");
}

TEST(ApiDocument, KnowsARouteWithoutProseAndProseWithoutARoute) {
  http::Routes all = routes();
  all[1].pattern = "/v1/refunds";
  EXPECT_EQ(made(all).problems,
            (Problems{"POST /v1/payouts: is described in docs/api and not served",
                      "POST /v1/refunds: is served and not described in docs/api"}));
}

TEST(ApiDocument, KnowsParametersThatOneSideAloneHas) {
  http::Routes all = routes();
  all[0].query = {"limit", "partner"};
  EXPECT_EQ(
      made(all).problems,
      (Problems{"GET /v1/payouts: docs/api does not describe the parameter partner",
                "GET /v1/payouts: docs/api describes the parameter since, which the route does "
                "not declare",
                "docs/api: query_parameters state is used by no route"}));
  const std::string other =
      with(std::string(prose_text), "/v1/payouts/{id}\": {\"desc", "/v1/{id}\": {\"desc");
  const Problems problems = made(routes(), other).problems;
  EXPECT_EQ(std::count(problems.begin(), problems.end(),
                       "DELETE /v1/payouts/{id}: docs/api does not describe /v1/payouts/{id} in "
                       "path_parameters"),
            1);
}

TEST(ApiDocument, KnowsBodiesThatOneSideAloneHas) {
  http::Routes all = routes();
  all[1].body = http::Body::none;
  EXPECT_EQ(made(all).problems,
            (Problems{"POST /v1/payouts: takes no body, and docs/api describes one"}));
  const std::string other = with(std::string(prose_text), R"("request": "NewPayout", )", "");
  EXPECT_EQ(made(routes(), other).problems,
            (Problems{"POST /v1/payouts: takes a body that docs/api does not describe"}));
}

TEST(ApiDocument, KnowsRefusalsAndSchemasThatAreNotThere) {
  std::string other = with(std::string(prose_text), R"(["payout_not_found"])",
                           R"(["payout_lost", "permission_denied"])");
  other = with(other, R"("schema": "Payout")", R"("schema": "Refund")");
  EXPECT_EQ(made(routes(), other).problems,
            (Problems{"POST /v1/payouts: there is no schema Refund",
                      "DELETE /v1/payouts/{id}: docs/errors.md has no payout_lost; "
                      "scripts/generate_docs writes it",
                      "DELETE /v1/payouts/{id}: permission_denied is added by rule; leave it out "
                      "of refusals"}));
}

TEST(ApiDocument, KnowsASchemaThatIsThereTwice) {
  const std::string other =
      with(std::string(prose_text), R"("schemas": {)", R"("schemas": {"NewPayout": {}, )");
  EXPECT_EQ(made(routes(), other).problems,
            (Problems{"docs/api: the schema NewPayout is there twice"}));
}

}  // namespace
}  // namespace florin::app
