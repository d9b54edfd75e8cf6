#include "hub/partners/requests.h"

#include <algorithm>
#include <map>
#include <string>

#include "hub/hub_fixture.h"
#include "hub/partners/fields.h"
#include "platform/json/value.h"

namespace florin::hub {
namespace {

using Rules = std::map<std::string, std::string>;

template <class T>
Rules rules_of(const Result<T>& result) {
  Rules rules;
  if (result) return rules;
  for (const FieldError& field : result.error().fields)
    rules[field.pointer] = std::string(field.rule);
  return rules;
}

http::Request with_body(std::string_view body) {
  http::Request request;
  request.body = body;
  return request;
}

Partner at_an_operator() {
  Partner partner;
  partner.code = "acme";
  partner.mode = WalletMode::operator_wallet;
  partner.operator_settings.base_url = "http://10.0.0.1:80";
  partner.operator_settings.is_trusted = true;
  return partner;
}

TEST(PartnerRequests, ANewPartnerHasItsDefaults) {
  const auto partner = requests::new_partner(with_body(R"({"code": "acme", "operator": null})"));
  ASSERT_TRUE(partner);
  EXPECT_EQ(partner->mode, WalletMode::internal);
  EXPECT_EQ(partner->currencies.size(), 3U);
  EXPECT_EQ(partner->status, PartnerStatus::active);
  EXPECT_FALSE(partner->secret);
}

TEST(PartnerRequests, OperatorModeNeedsAnOperator) {
  EXPECT_EQ(
      rules_of(requests::new_partner(with_body(R"({"code": "a", "wallet_mode": "operator"})"))),
      (Rules{{"/operator/base_url", "required"}, {"/operator/secret", "required"}}));
  EXPECT_EQ(rules_of(requests::new_partner(with_body(
                R"({"code": "a", "wallet_mode": "operator",
                    "operator": {"base_url": "ftp://x.example", "secret": "aaaaaaaaaaaaaaaa"}})"))),
            (Rules{{"/operator/base_url", "bad_url"}, {"/operator/secret", "guessable"}}));
}

TEST(PartnerRequests, WhatIsFixedIsNotChanged) {
  const auto changed = requests::partner_change(
      with_body(R"({"code": "b", "wallet_mode": "internal", "secret": "x", "updated_at": "x",
                    "status": "gone", "nope": 1})"),
      at_an_operator());
  EXPECT_EQ(rules_of(changed), (Rules{{"/code", "fixed"},
                                      {"/wallet_mode", "fixed"},
                                      {"/secret", "fixed"},
                                      {"/updated_at", "read_only"},
                                      {"/status", "unknown_value"},
                                      {"/nope", "unknown_field"}}));
}

TEST(PartnerRequests, OnlyTheAddressOfConfigurationIsTrusted) {
  const auto slower =
      requests::partner_change(with_body(R"({"operator": {"timeout_ms": 500}})"), at_an_operator());
  ASSERT_TRUE(slower);
  EXPECT_TRUE(slower->operator_settings.is_trusted);
  EXPECT_EQ(slower->operator_settings.base_url, "http://10.0.0.1:80");
  const auto moved = requests::partner_change(
      with_body(R"({"operator": {"base_url": "http://10.0.0.2:80"}})"), at_an_operator());
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->operator_settings.is_trusted);
}

class ChangesOfPartners : public HubTest {
 protected:
  Partner change(std::string_view body) {
    const http::Request request = with_body(body);
    const auto changed = world.database->write([&](sql::Tx& tx) {
      return world.partners.change(tx, {test_tenant}, acme->partner.id, [&](const Partner& row) {
        return requests::partner_change(request, row);
      });
    });
    EXPECT_TRUE(changed);
    return changed ? *changed : Partner();
  }
};

TEST_F(ChangesOfPartners, LoseNothingOfEachOther) {
  change(R"({"status": "disabled", "max_amount": 5})");
  // Nothing was taken up in memory since: another node may have made the change.
  const Partner after = change(R"({"rate_limit_per_second": 7})");
  EXPECT_EQ(after.status, PartnerStatus::disabled);
  EXPECT_EQ(after.max_amount_minor, 5);
  EXPECT_EQ(after.rate_limit_per_second, 7);
  EXPECT_FALSE(change(R"({"max_amount": null})").max_amount_minor);
}

TEST(PartnerFields, SettingsOfAnOperatorComeBackAsTheyWereStored) {
  OperatorSettings settings = at_an_operator().operator_settings;
  settings.timeout_ms = 1;  // Configuration may ask for what the API refuses.
  const std::string text = json::write(stored_operator_fields(), settings);
  EXPECT_EQ(json::read_stored(stored_operator_fields(), text), settings);
  EXPECT_EQ(json::read_stored(stored_operator_fields(), R"({"base_url": "", "gone": 1})"),
            OperatorSettings());
  EXPECT_FALSE(json::read_stored(stored_operator_fields(), R"({"timeout_ms": "a"})"));
  EXPECT_FALSE(json::read_stored(stored_operator_fields(), "{"));
}

/// A document of the examples, defaults, words and least numbers of a schema.
json::Value example_of(const json::Value& schema) {
  for (const std::string_view name : {"example", "default", "minimum"}) {
    if (const json::Value* value = schema.find(name)) return *value;
  }
  if (const json::Value* words = schema.find("enum")) return words->as_array()->front();
  if (const json::Value* any = schema.find("anyOf")) return example_of(any->as_array()->front());
  json::Object made;
  if (const json::Value* properties = schema.find("properties")) {
    for (const auto& [name, property] : *properties->as_object())
      made.emplace_back(name, example_of(property));
  }
  return made;
}

TEST(PartnerFields, WhatTheSchemaOfANewOneShowsReads) {
  PartnerDraft start = usual_partner();
  start.mode = WalletMode::operator_wallet;
  const json::Value body = example_of(json::schema(partner_fields(), json::Use::creation, start));
  const auto partner = requests::new_partner(with_body(json::serialize(body)));
  EXPECT_EQ(rules_of(partner), Rules()) << json::serialize(body);
  ASSERT_TRUE(partner);
  EXPECT_EQ(partner->operator_settings.base_url, "https://wallet.operator.example");
}

}  // namespace
}  // namespace florin::hub
