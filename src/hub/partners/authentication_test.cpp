#include "hub/partners/authentication.h"

#include <future>
#include <string>

#include "hub/errors.h"
#include "hub/hub_fixture.h"
#include "hub/wallet/requests.h"
#include "platform/crypto/hash.h"
#include "platform/sql/damage.h"

namespace florin::hub {
namespace {

constexpr std::string_view bet =
    R"({"playerId":"p-1","amountCents":5,"currency":"EUR","refId":"r","meta":{"a":1,"b":[2]}})";

std::string hex_hmac(std::string_view text) {
  return crypto::to_hex(crypto::bytes_of(crypto::hmac_sha256(test_secret, text)));
}

class PartnerAuthentication : public HubTest {
 protected:
  http::Request call(std::string_view path, std::string_view key, std::string_view body = bet) {
    http::Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = {{"X-Partner-Id", "acme"}, {"X-Timestamp", now()}};
    if (!key.empty()) request.headers.push_back({"Idempotency-Key", std::string(key)});
    return request;
  }
  std::string now() { return std::to_string(clock.now().us / 1'000'000); }
  static http::Request with(http::Request request, const std::string& signature) {
    request.headers.push_back({"X-Signature", signature});
    return request;
  }
  http::Request v1(std::string_view path, std::string_view key, std::string_view body = bet) {
    return with(call(path, key, body), hex_hmac(std::string(body) + now()));
  }
  std::string v2_signature(std::string_view path, std::string_view key,
                           std::string_view method = "POST", std::string_view body = bet) {
    return "v2=" + hex_hmac("v2\n" + now() + "\n" + std::string(method) + "\n" + std::string(path) +
                            "\n" + std::string(key) + "\n" + std::string(body));
  }
  std::string word(const http::Request& request) {
    const auto admitted = authenticate(world.partners, request, clock.now());
    return admitted ? "OK" : std::string(admitted.error().code.name);
  }
  void require(SignatureScheme scheme) {
    const PartnerChange change = [scheme](const Partner& before) {
      PartnerDraft wanted{before};
      wanted.signature_scheme = scheme;
      return wanted;
    };
    ASSERT_TRUE(world.database->write([&](sql::Tx& tx) {
      return world.partners.change(tx, {test_tenant}, acme->partner.id, change);
    }));
    ASSERT_TRUE(world.partners.refresh());
  }
  Result<Movement> movement(std::string_view body, Kind kind = Kind::debit) {
    const auto request = v1("/wallet/debit", "k", body);
    return requests::movement(request, *authenticate(world.partners, request, clock.now()), kind);
  }
};

TEST_F(PartnerAuthentication, AKnownSecretIsFoundUntilItIsRotatedOrItsPartnerDisabled) {
  PartnerDraft wanted;
  wanted.code = "demo";
  wanted.currencies = {eur()};
  wanted.secret = Secret("a secret that all know");
  wanted.operator_secret = Secret("ours, that all know");
  const PartnerPtr demo = world.add_partner(wanted);
  const auto owner_of = [&](std::string_view text) {
    return world.partners.active_with_secret(
        [&](const Secret& secret) { return secret.reveal() == text; });
  };
  const auto change = [&](bool is_active) {
    const PartnerChange wish = [is_active](const Partner& before) {
      PartnerDraft changed{before};
      changed.status = is_active ? PartnerStatus::active : PartnerStatus::disabled;
      return changed;
    };
    ASSERT_TRUE(world.database->write([&](sql::Tx& tx) {
      return world.partners.change(tx, {test_tenant}, demo->partner.id, wish);
    }));
    ASSERT_TRUE(world.partners.refresh());
  };
  EXPECT_EQ(owner_of("a secret that all know"), "demo");
  EXPECT_EQ(owner_of("ours, that all know"), "") << "nobody signs calls to us with it";
  change(false);
  EXPECT_EQ(owner_of("a secret that all know"), "");
  change(true);
  ASSERT_TRUE(world.database->write([&](sql::Tx& tx) {
    return world.partners.rotate_secret(tx, {test_tenant}, demo->partner.id, 0);
  }));
  ASSERT_TRUE(world.partners.refresh());
  EXPECT_EQ(owner_of("a secret that all know"), "");
}

TEST_F(PartnerAuthentication, AWordThatAPartnerCannotHaveIsDamageAndNothingElse) {
  const auto refuses = [&](const std::string& table, const std::string& column,
                           const std::string& right) {
    const auto write = [&](const std::string& value) {
      EXPECT_TRUE(sql::damage(*world.database,
                              "UPDATE " + table + " SET " + column + " = '" + value + "'"));
    };
    write("ZZZ");
    const auto refreshed = world.partners.refresh();
    write(right);
    return !refreshed && refreshed.error().code.name == "store_corrupt" &&
           refreshed.error().detail.starts_with(table + "." + column);
  };
  EXPECT_TRUE(refuses("partners", "status", "active"));
  EXPECT_TRUE(refuses("partners", "wallet_mode", "internal"));
  EXPECT_TRUE(refuses("partners", "signature_scheme", "body-timestamp"));
  EXPECT_TRUE(refuses("partners", "currencies", "EUR"));
  EXPECT_TRUE(refuses("partners", "operator", "{}"));
  EXPECT_TRUE(refuses("partner_secrets", "kind", "calls"));
  EXPECT_TRUE(world.partners.refresh());
}

TEST_F(PartnerAuthentication, TakesTheSignatureOfTheContract) {
  EXPECT_EQ(word(v1("/wallet/debit", "k")), "OK");
  EXPECT_EQ(word(with(call("/wallet/debit", "k"), std::string(64, '0'))), "invalid_signature");
  EXPECT_EQ(word(call("/wallet/debit", "k")), "invalid_signature");
}

TEST_F(PartnerAuthentication, TheSecondSchemeCoversRouteKeyAndBody) {
  const std::string signature = v2_signature("/wallet/debit", "k");
  EXPECT_EQ(word(with(call("/wallet/debit", "k"), signature)), "OK");
  EXPECT_EQ(word(with(call("/wallet/credit", "k"), signature)), "invalid_signature");
  EXPECT_EQ(word(with(call("/wallet/debit", "k2"), signature)), "invalid_signature");
  EXPECT_EQ(word(with(call("/wallet/debit", ""), signature)), "invalid_signature");
  EXPECT_EQ(word(with(call("/wallet/debit", "k", "{}"), signature)), "invalid_signature");
}

TEST_F(PartnerAuthentication, TheSecondSchemeCoversTheQuery) {
  http::Request list = call("/wallet/transactions", "", "");
  list.method = "GET";
  list.query = "limit=5";
  const auto signature = v2_signature("/wallet/transactions?limit=5", "", "GET", "");
  EXPECT_EQ(word(with(list, signature)), "OK");
  list.query = "limit=6";
  EXPECT_EQ(word(with(list, signature)), "invalid_signature");
}

TEST_F(PartnerAuthentication, APartnerOfTheSecondSchemeTakesNoOther) {
  require(SignatureScheme::v2);
  EXPECT_EQ(word(v1("/wallet/debit", "k")), "invalid_signature");
  EXPECT_EQ(word(with(call("/wallet/debit", "k"), v2_signature("/wallet/debit", "k"))), "OK");
  require(SignatureScheme::body_timestamp);
  EXPECT_EQ(word(v1("/wallet/debit", "k")), "OK");
}

TEST_F(PartnerAuthentication, OneMovementHasOneDigestHoweverItsJsonIsWritten) {
  const auto first = movement(bet);
  const auto other = movement(
      R"( {"meta":{"b":[ 2 ],"a":1}, "refId":"r", "currency":"EUR","amountCents":5,"playerId":"p-1"})");
  ASSERT_TRUE(first && other);
  EXPECT_EQ(first->request, other->request);
  EXPECT_NE(first->raw_request, other->raw_request);
  for (const std::string_view changed :
       {R"({"playerId":"p-2","amountCents":5,"currency":"EUR","refId":"r","meta":{"a":1,"b":[2]}})",
        R"({"playerId":"p-1","amountCents":6,"currency":"EUR","refId":"r","meta":{"a":1,"b":[2]}})",
        R"({"playerId":"p-1","amountCents":5,"currency":"USD","refId":"r","meta":{"a":1,"b":[2]}})",
        R"({"playerId":"p-1","amountCents":5,"currency":"EUR","refId":"s","meta":{"a":1,"b":[2]}})",
        R"({"playerId":"p-1","amountCents":5,"currency":"EUR","refId":"r","meta":{"a":1,"b":[3]}})",
        R"({"playerId":"p-1","amountCents":5,"currency":"EUR","refId":"r"})"})
    EXPECT_NE(movement(changed)->request, first->request) << changed;
  EXPECT_NE(movement(bet, Kind::credit)->request, first->request);
}

TEST_F(PartnerAuthentication, AKeyOfAnEarlierVersionKnowsItsRequestByTheRawBody) {
  const auto later = movement(bet);
  Movement earlier = *later;
  earlier.request = earlier.raw_request;
  const auto settle = [&](const Movement& one) {
    std::promise<Result<MovementResult>> promise;
    world.wallet.submit(acme, one,
                        [&](Result<MovementResult> got) { promise.set_value(std::move(got)); });
    return promise.get_future().get();
  };
  EXPECT_FALSE(settle(earlier)->is_replay);
  EXPECT_TRUE(settle(*later)->is_replay);
}

TEST_F(PartnerAuthentication, ARollbackMayNameACurrencyWithoutAnAmount) {
  const auto one = movement(R"({"playerId":"p-1","refId":"r","currency":"USD"})", Kind::rollback);
  EXPECT_EQ(one->currency, *Currency::parse("USD"));
  EXPECT_FALSE(one->amount);
  EXPECT_EQ(movement(R"({"refId":"r","currency":"KZT"})", Kind::rollback).error().code,
            errors::unsupported_currency);
}

}  // namespace
}  // namespace florin::hub
