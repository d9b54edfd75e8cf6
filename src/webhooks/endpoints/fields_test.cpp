#include "webhooks/endpoints/fields.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

std::optional<FieldFilter> filter_of(std::string_view text) {
  return json::from_text<FieldFilter>(text, filter_codec());
}

TEST(EndpointFilter, IsReadAsItWasWritten) {
  const FieldFilter filter{{"data.a", {json::Value("x")}},
                           {"data.b", {json::Value("y"), json::Value(nullptr)}}};
  const std::string text = json::to_text(filter, filter_codec());
  EXPECT_EQ(text, R"({"data.a":"x","data.b":["y",null]})");
  EXPECT_EQ(filter_of(text), filter);
  for (const auto* other : {"", "x", "[]", "null"}) EXPECT_FALSE(filter_of(other)) << other;
}

std::string rule_of(const std::string& member) {
  const auto read =
      json::read_new(endpoint_fields(), R"({"url":"https://a.example/",)" + member + "}");
  if (read) return "";
  EXPECT_EQ(read.error().fields.size(), 1u) << member;
  return std::string(read.error().fields.front().rule);
}

TEST(EndpointFields, EachHasItsRule) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"("filter":{"data.a":"x","data.b":[1,true]})", ""},
      {R"("filter":{"a..b":1})", "must_be_filter"},
      {R"("filter":{"a":[]})", "must_be_filter"},
      {R"("filter":{"a":1.5})", "must_be_filter"},
      {R"("filter":{"a":{"b":1}})", "must_be_filter"},
      {R"("filter":{"a":null})", "must_be_filter"},
      {R"("filter":[])", "wrong_type"},
      {R"("filter":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1})",
       "must_be_filter"},
      {R"("order_by":"data.account_id")", ""},
      {R"("order_by":null)", ""},
      {R"("order_by":"a b")", "must_be_path"},
      {R"("order_by":".a")", "must_be_path"},
      {R"("retry_delays_ms":[])", ""},
      {R"("retry_delays_ms":[86400001])", "too_large"},
      {R"("retry_delays_ms":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21])", "too_many"},
      {R"("retry_delays_ms":5)", "wrong_type"},
      {R"("event_types":["account.created","wallet.*","webhook.test"])", ""},
      {R"("event_types":[5])", "wrong_type"},
      {R"("timeout_ms":60001)", "too_large"},
      {R"("max_concurrency":0)", "too_small"},
      {R"("rate_limit_per_second":1.0)", "must_be_integer"},
      {R"("trusted_ca_pem":"-----BEGIN PRIVATE KEY-----")", "must_be_pem"},
      {R"("secret":"short")", "malformed_secret"},
      {R"("secret":"aaaaaaaaaaaaaaaaaaaaaaaa")", "guessable"},
      {R"("status":"disabled")", "not_allowed"},
      {R"("managed":true)", "read_only"},
      {R"("public_keys":[])", "unknown_field"},
  };
  for (const auto& [member, rule] : cases) EXPECT_EQ(rule_of(member), rule) << member;
}

TEST(EndpointFields, AnAnswerHoldsNoSecret) {
  EndpointDraft endpoint;
  endpoint.secret = Secret("a secret of the caller");
  endpoint.private_key_pem = Secret("-----BEGIN PRIVATE KEY-----");
  const std::string shown = json::write(endpoint_fields(), endpoint);
  EXPECT_EQ(shown.find("secret"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("PRIVATE"), std::string::npos) << shown;
}

TEST(EndpointFields, ASecretIsShownOnlyWhereItIsRevealed) {
  EndpointSecret secret;
  secret.text = Secret("the text of a secret");
  EXPECT_NE(to_json(secret, true).find(R"("secret":"the text of a secret","public_key":null)"),
            std::string::npos);
  EXPECT_NE(to_json(secret, false).find(R"("secret":null)"), std::string::npos);
  secret.kind = SecretKind::ed25519;
  secret.text = Secret("whsk_AAAA");
  EXPECT_NE(to_json(secret, true).find(R"("secret":null,"public_key":null)"), std::string::npos);
}

TEST(EndpointFields, TheApiDocumentHasTheWordsAndTheBounds) {
  const std::string schemas = json::serialize(json::Value(endpoint_schemas()));
  for (const std::string_view part :
       {R"("enum":["enabled","disabled"])", R"("enum":["by_request","gone","failing",null])",
        R"("minimum":1,"maximum":86400000)", R"("maxItems":50)", R"("required":["url"])",
        R"("public_keys")"})
    EXPECT_NE(schemas.find(part), std::string::npos) << part << "\n" << schemas;
}

}  // namespace
}  // namespace florin::webhooks
