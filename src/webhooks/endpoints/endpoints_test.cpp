#include "events/event_types.h"
#include "platform/sql/damage.h"
#include "webhooks/delivery/signature.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/endpoints/requests.h"
#include "webhooks/errors.h"
#include "webhooks/webhooks_fixture.h"

namespace florin::webhooks {
namespace {

const std::string collection = "/v1/webhook-endpoints";
const std::string one = "/v1/webhook-endpoints/{id}";

class EndpointRules : public WebhooksFixture {
 protected:
  std::string text(const Answered& answered, std::string_view name) {
    const json::Value* value = answered.body.find(name);
    return value && value->as_string() ? *value->as_string() : "";
  }
  std::string made(const std::string& body = R"({"url":"http://127.0.0.1:9/in"})") {
    return text(call("POST", collection, "", body), "id");
  }
  static std::vector<std::string> places(const Answered& answered) {
    std::vector<std::string> all;
    for (const FieldError& field : answered.fields) all.push_back(field.pointer);
    return all;
  }
  std::vector<std::string> event_types() {
    std::vector<std::string> types;
    const auto page = events.list(tenant, {}, {}, 200);
    for (const auto& event : page->events) types.push_back(event.type);
    return types;
  }
};

TEST_F(EndpointRules, AnEndpointIsMadeReadListedChangedAndDeleted) {
  const auto created = call("POST", collection, "",
                            R"({"url":"http://127.0.0.1:9/in","description":"d",
      "event_types":["account.*"],"filter":{"data.currency":["KZT","USD"]},"order_by":"subject",
      "retry_delays_ms":[5,6],"timeout_ms":1000,"rate_limit_per_second":7,"max_concurrency":3})");
  ASSERT_EQ(created.status, 201);
  const std::string id = text(created, "id");
  EXPECT_EQ(created.body.find("public_keys")->as_array()->size(), 1u);
  EXPECT_EQ(created.body.find("secret"), nullptr);
  EXPECT_EQ(call("GET", one, id).body, created.body);
  EXPECT_EQ(call("GET", collection).body.find("data")->as_array()->size(), 1u);
  const auto changed =
      call("PATCH", one, id, R"({"order_by":null,"rate_limit_per_second":null,"timeout_ms":200})");
  ASSERT_EQ(changed.status, 200);
  EXPECT_TRUE(changed.body.find("order_by")->is_null());
  EXPECT_TRUE(changed.body.find("rate_limit_per_second")->is_null());
  EXPECT_EQ(*changed.body.find("timeout_ms")->as_integer(), 200);
  EXPECT_EQ(text(changed, "description"), "d");
  EXPECT_EQ(call("DELETE", one, id).status, 204);
  EXPECT_EQ(call("GET", one, id).code, "webhook_endpoint_not_found");
  EXPECT_EQ(event_types(),
            (std::vector<std::string>{"webhook.endpoint.deleted", "webhook.endpoint.updated",
                                      "webhook.endpoint.created"}));
}

TEST_F(EndpointRules, AWordThatARowCannotHaveIsDamageAndNothingElse) {
  const std::string id = made(R"({"url":"http://127.0.0.1:9/in","retry_delays_ms":[1]})");
  ASSERT_EQ(call("POST", one + "/test", id).status, 202);
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1)) << "nothing writes to it any more";
  ASSERT_EQ(call("GET", "/v1/webhook-deliveries").status, 200);
  EXPECT_TRUE(sql::damage(*database, "UPDATE webhook_outbox SET state = 'ZZZ'"));
  EXPECT_EQ(call("GET", "/v1/webhook-deliveries").code, "store_corrupt");
  EXPECT_TRUE(sql::damage(*database, "UPDATE webhook_secrets SET kind = 'ZZZ'"));
  EXPECT_EQ(call("GET", one, id).code, "store_corrupt");
  const std::vector<std::pair<std::string, std::string>> columns{{"event_types", "[]"},
                                                                 {"filter", "{}"},
                                                                 {"retry_delays_ms", "[5]"},
                                                                 {"status", "enabled"},
                                                                 {"disabled_reason", "gone"}};
  for (const auto& [column, right] : columns) {
    const auto write = [&, name = column](const std::string& value) {
      EXPECT_TRUE(
          sql::damage(*database, "UPDATE webhook_endpoints SET " + name + " = '" + value + "'"));
    };
    write("ZZZ");
    EXPECT_EQ(call("GET", collection).code, "store_corrupt") << column;
    write(right);
    EXPECT_EQ(call("GET", collection).status, 200) << column;
  }
}

// A query that names its tenant does not even look at the row of another.
TEST_F(EndpointRules, ADamagedRowOfAnotherTenantIsNotReadAtAll) {
  const std::string deliveries = "/v1/webhook-deliveries";
  const TenantId other{2};
  const std::string id = made(R"({"url":"http://127.0.0.1:9/in","retry_delays_ms":[1]})");
  ASSERT_EQ(call("POST", one + "/test", id).status, 202);
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1)) << "nothing writes to it any more";
  const std::string delivery = this->deliveries().front().id.str();
  EXPECT_TRUE(sql::damage(*database, "UPDATE webhook_outbox SET state = 'ZZZ'"));
  EXPECT_TRUE(sql::damage(*database, "UPDATE webhook_endpoints SET status = 'ZZZ'"));
  for (const std::string& query : {std::string(), "endpoint_id=" + id}) {
    const auto listed = call("GET", deliveries, "", "", query, other);
    ASSERT_EQ(listed.status, 200) << query;
    EXPECT_TRUE(listed.body.find("data")->as_array()->empty());
    EXPECT_FALSE(*listed.body.find("has_more")->as_bool());
  }
  EXPECT_EQ(call("GET", deliveries + "/{id}", delivery, "", "", other).code,
            "webhook_delivery_not_found");
  EXPECT_EQ(call("GET", one, id, "", "", other).code, "webhook_endpoint_not_found");
  EXPECT_EQ(call("GET", collection, "", "", "", other).status, 200);
}

TEST_F(EndpointRules, ValidationNamesEveryBadField) {
  const auto refused = call("POST", collection, "", R"({"event_types":["Bad type"],
      "filter":{"a..b":1},"order_by":"a b","retry_delays_ms":[0],"timeout_ms":1,
      "rate_limit_per_second":0,"max_concurrency":65,"client_certificate_pem":"x",
      "is_trusted":true})");
  EXPECT_EQ(refused.code, "validation_failed");
  EXPECT_EQ(places(refused),
            (std::vector<std::string>{"/url", "/filter", "/order_by", "/retry_delays_ms/0",
                                      "/timeout_ms", "/rate_limit_per_second", "/max_concurrency",
                                      "/client_certificate_pem", "/is_trusted", "/event_types"}));
  for (const char* types : {"transactions.*", "acc.*", "account.gone", "webhook.*", "*"}) {
    const std::string body = R"({"event_types":[")" + std::string(types) + "\"]}";
    const auto unknown = call("PATCH", one, made(), body);
    EXPECT_EQ(places(unknown), std::vector<std::string>{"/event_types"}) << types;
  }
  EXPECT_EQ(places(call("PATCH", one, made(), R"({"status":"gone","secret":"x"})")),
            (std::vector<std::string>{"/status", "/secret"}));
  EXPECT_EQ(places(call("POST", one + "/replay", made(), R"({"since":"yesterday"})")),
            (std::vector<std::string>{"/since"}));
  for (const std::string body : {"{}", R"({"failed":true,"since":"2026-01-01T00:00:00Z"})"}) {
    EXPECT_EQ(places(call("POST", one + "/replay", made(), body)),
              (std::vector<std::string>{"/since"}));
  }
  EXPECT_EQ(places(call("POST", one + "/rotate-secret", made(),
                        R"({"kind":"ed25519","secret":"x","overlap_seconds":-1})")),
            (std::vector<std::string>{"/overlap_seconds", "/secret"}));
  EXPECT_EQ(places(call("POST", one + "/rotate-secret", made(), R"({"kind":"rsa"})")),
            (std::vector<std::string>{"/kind"}));
  EXPECT_EQ(places(call("POST", one + "/test", made(), R"({"x":1})")),
            (std::vector<std::string>{"/x"}));
  const std::string certificate = R"("client_certificate_pem":"-----BEGIN CERTIFICATE-----\n")";
  EXPECT_EQ(
      places(call("POST", collection, "", R"({"url":"http://127.0.0.1:9/",)" + certificate + "}")),
      (std::vector<std::string>{"/client_key_pem"}));
}

// A change keeps what it does not name, null removes, and the result is what must be valid.
class ClientCertificate : public EndpointRules {
 protected:
  static inline const std::string certificate = "-----BEGIN CERTIFICATE-----\\nQQ==\\n";
  static inline const std::string key = "-----BEGIN PRIVATE KEY-----\\nQQ==\\n";

  std::string with_certificate() {
    return made(R"({"url":"http://127.0.0.1:9/in","trusted_ca_pem":")" + certificate +
                R"(","client_certificate_pem":")" + certificate + R"(","client_key_pem":")" + key +
                "\"}");
  }
  /// What is stored sealed; empty: nothing.
  std::string stored_key(const std::string& id) {
    EndpointStore store(vault);
    const auto pem =
        *database->read([&](sql::Tx& tx) { return store.private_key(tx, *EndpointId::parse(id)); });
    return pem ? std::string(pem->reveal()) : "";
  }
};

TEST_F(ClientCertificate, NamingOnePemFieldKeepsTheOthers) {
  const std::string id = with_certificate();
  const auto before = call("GET", one, id).body;
  const auto changed = call("PATCH", one, id, R"({"trusted_ca_pem":null})");
  ASSERT_EQ(changed.status, 200);
  EXPECT_TRUE(changed.body.find("trusted_ca_pem")->is_null());
  EXPECT_EQ(*changed.body.find("client_certificate_pem"), *before.find("client_certificate_pem"));
  EXPECT_TRUE(stored_key(id).starts_with("-----BEGIN PRIVATE KEY-----"));
  ASSERT_EQ(call("PATCH", one, id, R"({"trusted_ca_pem":")" + certificate + "\"}").status, 200);
  EXPECT_EQ(call("PATCH", one, id, R"({"client_certificate_pem":")" + certificate + "x\"}").status,
            200)
      << "renewed for the key that is stored";
  const auto after = call("GET", one, id).body;
  EXPECT_EQ(*after.find("trusted_ca_pem"), *before.find("trusted_ca_pem"));
  EXPECT_NE(*after.find("client_certificate_pem"), *before.find("client_certificate_pem"));
  EXPECT_FALSE(stored_key(id).empty());
}

TEST_F(ClientCertificate, NullRemovesACertificateAndItsKey) {
  const std::string id = with_certificate();
  EXPECT_EQ(places(call("PATCH", one, id, R"({"client_key_pem":null})")),
            (std::vector<std::string>{"/client_key_pem"}));
  EXPECT_FALSE(stored_key(id).empty());
  const auto changed = call("PATCH", one, id, R"({"client_certificate_pem":null})");
  ASSERT_EQ(changed.status, 200);
  EXPECT_TRUE(changed.body.find("client_certificate_pem")->is_null());
  EXPECT_FALSE(changed.body.find("trusted_ca_pem")->is_null());
  EXPECT_TRUE(stored_key(id).empty());
  EXPECT_EQ(places(call("PATCH", one, id, R"({"client_key_pem":")" + key + "\"}")),
            (std::vector<std::string>{"/client_certificate_pem"}));
  EXPECT_EQ(places(call("PATCH", one, id, R"({"client_certificate_pem":")" + certificate + "\"}")),
            (std::vector<std::string>{"/client_key_pem"}));
  const auto both =
      call("PATCH", one, id, R"({"client_certificate_pem":null,"client_key_pem":null})");
  EXPECT_EQ(both.status, 200);
}

TEST_F(EndpointRules, AChangeNamesEveryBadFieldAndWhatIsFixed) {
  const std::string id = made();
  EXPECT_EQ(places(call("PATCH", one, id, R"({"id":"x","secret":"a new secret of it","url":null,
      "retry_delays_ms":[1,"a"],"client_key_pem":"x","managed":true})")),
            (std::vector<std::string>{"/id", "/url", "/managed", "/retry_delays_ms/1",
                                      "/client_key_pem", "/secret"}));
}

TEST_F(EndpointRules, SecretsThatAreNoKeysAreRefused) {
  for (const std::string bad : {"short", "whsec_!!", "whsec_AAAA"}) {
    EXPECT_EQ(places(call("POST", collection, "",
                          R"({"url":"http://127.0.0.1:9/","secret":")" + bad + "\"}")),
              (std::vector<std::string>{"/secret"}));
  }
  const std::string id =
      made(R"({"url":"http://127.0.0.1:9/","secret":"a secret of at least 16"})");
  EXPECT_EQ(secret_of(*EndpointId::parse(id)).reveal(), "a secret of at least 16");
}

TEST_F(EndpointRules, AddressesThatTenantsMayNotNameAreRefused) {
  for (const std::string url :
       {"http://example.com/", "https://user:pass@example.com/", "ftp://example.com/",
        "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::ffff:127.0.0.2]/",
        "https://localhost/", "https://[fe80::1]/", "https://192.0.2.1:22/", "nonsense"}) {
    const auto refused = call("POST", collection, "", R"({"url":")" + url + "\"}");
    EXPECT_EQ(refused.code, "webhook_url_refused") << url;
    EXPECT_EQ(places(refused), (std::vector<std::string>{"/url"})) << url;
    EXPECT_EQ(call("PATCH", one, made(), R"({"url":")" + url + "\"}").code, "webhook_url_refused");
  }
}

TEST_F(EndpointRules, WhatIsMissingOrOfOthersIsNotFound) {
  const std::string id = made();
  for (const std::string& unknown : {std::string("whe_0000000000001"), std::string("nonsense")}) {
    EXPECT_EQ(call("GET", one, unknown).code, "webhook_endpoint_not_found");
    EXPECT_EQ(call("DELETE", one, unknown).code, "webhook_endpoint_not_found");
    EXPECT_EQ(call("POST", one + "/test", unknown).code, "webhook_endpoint_not_found");
  }
  EXPECT_EQ(call("GET", one, id, "", "", {2}).code, "webhook_endpoint_not_found");
  EXPECT_EQ(call("GET", one + "/secrets", id, "", "", {2}).code, "webhook_endpoint_not_found");
  const std::string delivery = "/v1/webhook-deliveries/{id}";
  EXPECT_EQ(call("GET", delivery, "whd_0000000000001").code, "webhook_delivery_not_found");
  EXPECT_EQ(call("POST", delivery + "/replay", "nonsense").code, "webhook_delivery_not_found");
}

TEST_F(EndpointRules, ATenantHasSoManyEndpointsAndNoMore) {
  Settings settings = settings_of_tests();
  settings.max_endpoints_per_tenant = 1;
  restart(settings);
  made();
  EXPECT_EQ(call("POST", collection, "", R"({"url":"http://127.0.0.1:9/"})").code,
            "webhook_endpoint_limit");
}

TEST_F(EndpointRules, RotationOverlapsAndHasALimit) {
  const std::string id = made();
  const auto secrets = [&] {
    return *call("GET", one + "/secrets", id).body.find("data")->as_array();
  };
  EXPECT_EQ(secrets().size(), 2u);
  const auto rotated = call("POST", one + "/rotate-secret", id, R"({"overlap_seconds":60})");
  EXPECT_EQ(rotated.status, 201);
  EXPECT_TRUE(rotated.body.find("secret")->is_null());
  EXPECT_EQ(secrets().size(), 3u);
  EXPECT_TRUE(secrets()[2].find("expires_at")->is_null());
  EXPECT_FALSE(secrets()[0].find("expires_at")->is_null());
  EXPECT_EQ(call("POST", one + "/rotate-secret", id, R"({"overlap_seconds":0})").status, 201);
  EXPECT_EQ(secrets().size(), 2u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(call("POST", one + "/rotate-secret", id).status, 201);
  EXPECT_EQ(call("POST", one + "/rotate-secret", id).code, "webhook_secret_limit");
  EXPECT_EQ(call("POST", one + "/rotate-secret", id, R"({"kind":"ed25519"})").status, 201);
  EXPECT_EQ(call("GET", one, id).body.find("public_keys")->as_array()->size(), 2u);
}

TEST_F(EndpointRules, BothSecretsSignDuringTheOverlap) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  EXPECT_EQ(call("POST", one + "/rotate-secret", endpoint.id.str()).status, 201);
  emit();
  ASSERT_TRUE(receiver.wait_for(1));
  const std::string header(*receiver.received()[0].header("webhook-signature"));
  EXPECT_EQ(std::count(header.begin(), header.end(), ','), 3) << header;
}

TEST_F(EndpointRules, ADisabledEndpointGetsNothing) {
  const std::string id = made();
  EXPECT_EQ(text(call("PATCH", one, id, R"({"status":"disabled"})"), "disabled_reason"),
            "by_request");
  EXPECT_EQ(call("POST", one + "/test", id).code, "webhook_endpoint_disabled");
  EXPECT_EQ(call("POST", one + "/replay", id, R"({"failed":true})").code,
            "webhook_endpoint_disabled");
}

TEST_F(EndpointRules, ATestGoesToThisEndpointWhateverItSelects) {
  const Receiver receiver;
  const Receiver other;
  const Endpoint endpoint =
      create(receiver, [](EndpointDraft& e) { e.selection.event_types = {"a.b"}; });
  create(other);
  EXPECT_EQ(call("POST", one + "/test", endpoint.id.str()).status, 202);
  ASSERT_TRUE(receiver.wait_for(1));
  EXPECT_NE(receiver.received()[0].body.find("webhook.test"), std::string::npos);
  EXPECT_TRUE(other.received().empty());
}

TEST_F(EndpointRules, WhatStillWaitsCannotBeReplayed) {
  const Receiver receiver(Receiver::status(500));
  create(receiver, [](EndpointDraft& e) { e.policy.retry_delays_ms = {60'000}; });
  emit();
  ASSERT_TRUE(wait_for(DeliveryState::failed, 1));
  const std::string id = deliveries().at(0).id.str();
  EXPECT_EQ(call("POST", "/v1/webhook-deliveries/{id}/replay", id).code, "webhook_delivery_open");
}

TEST_F(EndpointRules, AnEndpointOfTheConfigurationIsMadeOnceAndBroughtInLine) {
  EndpointDraft wanted;
  wanted.tenant = tenant;
  wanted.name = "rgs";
  wanted.url = "http://10.0.0.9:3002/hooks";
  wanted.is_trusted = true;
  wanted.secret = Secret("the first secret of it");
  const EndpointId id = *webhooks->ensure_endpoint(wanted);
  wanted.url = "http://10.0.0.9:3003/hooks";
  wanted.secret = Secret("the second secret of it");
  wanted.policy.retry_delays_ms = game_server_delays();
  EXPECT_EQ(*webhooks->ensure_endpoint(wanted), id);
  EXPECT_EQ(read(id).url, wanted.url);
  EXPECT_EQ(read(id).policy, wanted.policy);
  EXPECT_EQ(secret_of(id).reveal(), "the second secret of it");
  EXPECT_EQ(call("PATCH", one, id.str(), R"({"url":"http://127.0.0.1:9/"})").code,
            "webhook_endpoint_managed");
  EXPECT_EQ(call("DELETE", one, id.str()).code, "webhook_endpoint_managed");
}

TEST_F(EndpointRules, WhatTheConfigurationNamesMayBePrivate) {
  restart(Settings());  // Nothing is allowed to tenants.
  const Receiver receiver;
  EndpointDraft wanted;
  wanted.tenant = tenant;
  wanted.name = "rgs";
  wanted.url = receiver.url();
  wanted.is_trusted = true;
  wanted.secret = Secret("short");  // Nor does it have to be a good secret.
  ASSERT_TRUE(webhooks->ensure_endpoint(wanted));
  emit();
  EXPECT_TRUE(receiver.wait_for(1));
}

TEST_F(EndpointRules, AnAddressThatIsNoLongerAllowedIsRefusedAtDelivery) {
  const Receiver receiver;
  create(receiver);
  webhooks.reset();
  emit();
  Settings settings;
  settings.policy.retry_delays_ms = {1, 1};
  restart(settings);
  ASSERT_TRUE(wait_for(DeliveryState::dead_letter, 1));
  EXPECT_EQ(deliveries().at(0).last_error, "address_refused");
  EXPECT_TRUE(receiver.received().empty());
}

TEST_F(EndpointRules, DeliveriesAreFiltered) {
  const Receiver receiver;
  const Endpoint endpoint = create(receiver);
  emit("account.created");
  emit("account.closed");
  ASSERT_TRUE(wait_for(DeliveryState::delivered, 2));
  const std::string route = "/v1/webhook-deliveries";
  const auto count = [&](const std::string& query) {
    return call("GET", route, "", "", query).body.find("data")->as_array()->size();
  };
  EXPECT_EQ(count("event_type=account.created"), 1u);
  EXPECT_EQ(count("state=DELIVERED"), 2u);
  EXPECT_EQ(count("state=FAILED"), 0u);
  EXPECT_EQ(count("endpoint_id=" + endpoint.id.str()), 2u);
  EXPECT_EQ(count("event_id=" + deliveries()[0].event.str()), 1u);
  EXPECT_EQ(call("GET", route, "", "", "state=LOST").code, "validation_failed");
  EXPECT_EQ(call("GET", route, "", "", "event_type=a.b").code, "validation_failed");
  EXPECT_EQ(call("GET", route, "", "", "endpoint_id=x").code, "validation_failed");
  EXPECT_EQ(call("GET", route, "", "", "event_id=x").code, "validation_failed");
  EXPECT_EQ(call("GET", route, "", "", "colour=red").code, "validation_failed");
}

TEST_F(EndpointRules, SecretsOfAnotherKeyAreUnreadableAndSaidSo) {
  const std::string id = made();
  webhooks.reset();
  vault = crypto::Vault(Secret("another master key altogether"));
  restart();
  EXPECT_EQ(call("GET", one + "/secrets", id).code, "secret_unreadable");
}

TEST(EndpointChange, ATypeThatNoModuleDeclaresAnyMoreStaysAndIsNotTakenAnew) {
  const events::EventTypes types({"account.created"});
  Endpoint before;
  before.url = "https://a.example/";
  before.selection.event_types = {"gone.long_ago"};
  const auto fault_of = [&](const std::string& body) {
    http::Request request;
    request.body = body;
    const auto changed = requests::change(request, before, types);
    return changed ? std::string() : changed.error().fields.front().pointer;
  };
  EXPECT_EQ(fault_of(R"({"description":"x"})"), "");
  EXPECT_EQ(fault_of(R"({"event_types":["gone.long_ago","account.*"]})"), "");
  EXPECT_EQ(fault_of(R"({"event_types":["gone.today"]})"), "/event_types");
}

}  // namespace
}  // namespace florin::webhooks
