#include "access/access.h"

#include <gtest/gtest.h>

#include "access/errors.h"
#include "access/key_authenticator.h"
#include "access/module.h"
#include "access/sessions.h"
#include "base/id_generator.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"
#include "platform/sql/damage.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::access {
namespace {

class AccessTest : public testing::Test {
 protected:
  AccessTest() {
    database = std::move(*sql::open_test_database());
    EXPECT_TRUE(sql::migrate(*database, migrations(), clock.now()));
    access.emplace(*database, clock, ids, known_permissions, 100);
    authenticator.emplace(*database, clock, *limits, *sessions);
    tenant = access->create_tenant("acme")->id;
  }

  CreatedApiKey make_key(std::vector<std::string> permissions, std::int64_t rate = 0) {
    NewApiKey wanted;
    wanted.tenant = tenant;
    wanted.name = "test";
    wanted.permissions = std::move(permissions);
    wanted.rate_limit_per_second = rate;
    return *access->create_key(wanted);
  }

  static http::Request request_with(std::string_view authorization) {
    http::Request request;
    request.headers.push_back({"authorization", std::string(authorization)});
    return request;
  }

  /// As the server asks: memory first, then the database.
  http::Authentication ask(const Secret& key, const std::string& permission = "ledger:read") {
    const http::Request request = request_with("Bearer " + std::string(key.reveal()));
    const http::Route route{"GET", "/", permission, http::SyncHandler()};
    auto known = authenticator->try_authenticate(request, route);
    return known ? std::move(*known) : authenticator->authenticate(request, route);
  }
  std::string_view refusal(const Secret& key, const std::string& permission = "ledger:read") {
    const http::Authentication authentication = ask(key, permission);
    return authentication.caller ? "" : authentication.caller.error().code.name;
  }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::unique_ptr<sql::Database> database;
  const Permissions known_permissions{{"ledger:read", "ledger:write", "events:read"}};
  std::optional<Access> access;
  std::unique_ptr<cache::RateLimiter> limits = cache::limiter_in_memory();
  std::unique_ptr<cache::TtlCache> values = cache::ttl_cache_in_memory(clock, 100);
  std::optional<Sessions> sessions{std::in_place, *values, clock, SessionSettings()};
  std::optional<KeyAuthenticator> authenticator;
  TenantId tenant;
};

TEST_F(AccessTest, AModeThatAKeyCannotHaveIsDamageAndLetsNobodyIn) {
  const Secret key = make_key({"ledger:read"}).secret;
  EXPECT_TRUE(sql::damage(*database, "UPDATE api_keys SET mode = 'ZZZ'"));
  EXPECT_EQ(refusal(key), "store_corrupt");
  EXPECT_EQ(access->keys(tenant).error().detail.find("api_keys.mode holds"), 0u);
}

TEST_F(AccessTest, TenantsHaveNamesOfTheirOwn) {
  EXPECT_EQ(access->create_tenant("acme").error().code, errors::tenant_exists);
  EXPECT_EQ(access->create_tenant("").error().code, florin::errors::validation_failed);
  EXPECT_EQ(access->create_tenant("a\nb").error().code, florin::errors::validation_failed);
  EXPECT_EQ(access->find_tenant("acme")->id, tenant);
  EXPECT_EQ(access->find_tenant(tenant.str())->id, tenant);
  EXPECT_EQ(access->find_tenant("nobody").error().code, errors::tenant_not_found);
  EXPECT_EQ(access->tenants()->size(), 1u);
}

TEST_F(AccessTest, AKeyAdmitsItsTenantWithItsPermissions) {
  const CreatedApiKey key = make_key({"ledger:read"});
  const http::Authentication authentication = ask(key.secret);
  ASSERT_TRUE(authentication.caller);
  EXPECT_EQ(authentication.caller->tenant, tenant);
  EXPECT_EQ(authentication.caller->actor, key.key.id.str());
  EXPECT_EQ(refusal(key.secret, "ledger:write"), "permission_denied");
  EXPECT_EQ(refusal(make_key({"ledger:*"}).secret, "ledger:write"), "");
  EXPECT_EQ(refusal(make_key({"ledger:*"}).secret, "events:read"), "permission_denied");
  EXPECT_EQ(refusal(make_key({"*"}).secret, "events:read"), "");
}

TEST_F(AccessTest, UnknownKeysAndOtherSchemesAreRefused) {
  EXPECT_EQ(refusal(Secret("fl_live_" + std::string(32, 'x'))), "unauthenticated");
  EXPECT_EQ(refusal(Secret("nonsense")), "unauthenticated");
  const http::Route route{"GET", "/", "ledger:read", http::SyncHandler()};
  for (const char* header : {"", "Bearer", "Basic abc", "Bearer "}) {
    const auto authentication = authenticator->try_authenticate(request_with(header), route);
    ASSERT_TRUE(authentication) << header;
    EXPECT_EQ(authentication->caller.error().code, errors::unauthenticated) << header;
  }
}

TEST_F(AccessTest, AKeyMadeElsewhereWorksAtOnce) {
  ASSERT_TRUE(authenticator->refresh());
  Access other(*database, clock, ids, known_permissions, 100);
  NewApiKey wanted;
  wanted.tenant = tenant;
  wanted.name = "other";
  wanted.permissions = {"*"};
  EXPECT_EQ(refusal(other.create_key(wanted)->secret), "");
}

TEST_F(AccessTest, ARevokedKeyIsRefusedAfterARefresh) {
  const CreatedApiKey key = make_key({"*"});
  EXPECT_EQ(refusal(key.secret), "");
  EXPECT_TRUE(access->revoke_key(key.key.id)->revoked_at);
  ASSERT_TRUE(authenticator->refresh());
  EXPECT_EQ(refusal(key.secret), "key_revoked");
  EXPECT_TRUE(access->revoke_key(key.key.id));
  EXPECT_EQ(access->revoke_key(ApiKeyId{42}).error().code, errors::api_key_not_found);
}

TEST_F(AccessTest, AKeyEndsAtItsTime) {
  NewApiKey wanted;
  wanted.tenant = tenant;
  wanted.name = "short";
  wanted.permissions = {"*"};
  wanted.expires_at = clock.now().plus_seconds(10);
  const CreatedApiKey key = *access->create_key(wanted);
  EXPECT_EQ(refusal(key.secret), "");
  clock.advance_seconds(10);
  EXPECT_EQ(refusal(key.secret), "key_expired");
  EXPECT_EQ(access->create_key(wanted).error().code, florin::errors::validation_failed);
}

TEST_F(AccessTest, AKeyIsHeldToItsRate) {
  const CreatedApiKey key = make_key({"*"}, 2);
  EXPECT_EQ(ask(key.secret).rate_limit->remaining, 1);
  EXPECT_EQ(refusal(key.secret), "");
  const http::Authentication third = ask(key.secret);
  ASSERT_FALSE(third.caller);
  EXPECT_EQ(third.caller.error().code, errors::rate_limited);
  EXPECT_EQ(third.caller.error().retry_after_s, 1);
  EXPECT_EQ(third.rate_limit->limit, 2);
  clock.advance_seconds(1);
  EXPECT_EQ(refusal(key.secret), "");
}

TEST_F(AccessTest, WhatIsWrongWithAWantedKeyIsNamed) {
  NewApiKey wanted;
  wanted.tenant = tenant;
  wanted.name = "x";
  EXPECT_EQ(access->create_key(wanted).error().fields.at(0).pointer, "/permissions");
  for (const char* unknown :
       {"ledger:fly", "ledger", "led:*", "ledger*", "hub:read", "hub:*", ":*"}) {
    wanted.permissions = {unknown};
    EXPECT_EQ(access->create_key(wanted).error().fields.at(0).rule, "unknown_value") << unknown;
  }
  wanted.permissions = {"*"};
  wanted.rate_limit_per_second = -1;
  EXPECT_EQ(access->create_key(wanted).error().fields.at(0).pointer, "/rate_limit_per_second");
  wanted.rate_limit_per_second = 0;
  wanted.tenant = TenantId{99};
  EXPECT_EQ(access->create_key(wanted).error().code, errors::tenant_not_found);
}

TEST_F(AccessTest, TheKeyItselfIsNowhereInTheDatabase) {
  static constexpr sql::Query everything{"test.keys",
                                         "SELECT hash, hint, name, permissions FROM api_keys"};
  const CreatedApiKey key = make_key({"*"});
  const std::string random(key.secret.reveal().substr(8));
  ASSERT_TRUE(database->read([&](sql::Tx& tx) {
    return tx.query(everything, {}, [&](const sql::Row& row) {
      for (int column = 0; column < 4; ++column)
        EXPECT_EQ(row.text(column).find(random), std::string_view::npos);
      return true;
    });
  }));
  EXPECT_EQ(access->keys(tenant)->size(), 1u);
}

}  // namespace
}  // namespace florin::access
