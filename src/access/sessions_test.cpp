// Signing in, acting by a session, and all ways in which it ends.
#include "access/sessions.h"

#include <gtest/gtest.h>

#include "access/access.h"
#include "access/errors.h"
#include "access/key_authenticator.h"
#include "access/module.h"
#include "base/id_generator.h"
#include "platform/cache/rate_limiter.h"
#include "platform/cache/ttl_cache.h"
#include "platform/json/value.h"
#include "platform/sql/database.h"
#include "platform/sql/test_database.h"

namespace florin::access {
namespace {

/// What a browser holds of a session.
struct Browser {
  std::string token, csrf_token;
};

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() {
    database = std::move(*sql::open_test_database());
    EXPECT_TRUE(sql::migrate(*database, migrations(), clock.now()));
    access.emplace(*database, clock, ids, known_permissions, 100);
    authenticator.emplace(*database, clock, *limits, sessions);
    tenant = access->create_tenant("acme")->id;
  }

  CreatedApiKey make_key(std::vector<std::string> permissions = {"ledger:read"},
                         std::int64_t rate = 0) {
    NewApiKey wanted;
    wanted.tenant = tenant;
    wanted.name = "console";
    wanted.permissions = std::move(permissions);
    wanted.rate_limit_per_second = rate;
    return *access->create_key(wanted);
  }

  /// As the server asks: memory first, then the database and the store.
  http::Authentication authenticate(const http::Request& request, const http::Route& route) {
    auto known = authenticator->try_authenticate(request, route);
    return known ? std::move(*known) : authenticator->authenticate(request, route);
  }

  /// A request through the authenticator and its handler.
  Result<http::Response> send(http::Request request) {
    const std::string pattern = request.method == "POST" ? "/v1/sessions" : "/v1/sessions/current";
    for (const http::Route& route : session_routes({*access, *authenticator, sessions})) {
      if (route.method != request.method || route.pattern != pattern) continue;
      http::Authentication authentication = authenticate(request, route);
      if (!authentication.caller) return authentication.caller.error();
      request.caller = *authentication.caller;
      return std::get<http::SyncHandler>(route.handler)(request);
    }
    return Error{florin::errors::internal_error, "no route"};
  }

  static http::Request by_key(std::string method, const Secret& key) {
    http::Request request;
    request.method = std::move(method);
    request.headers = {{"authorization", "Bearer " + std::string(key.reveal())}};
    return request;
  }
  static http::Request by(std::string method, const Browser& browser) {
    http::Request request;
    request.method = std::move(method);
    request.headers = {{"cookie", "theme=dark; florin_session=" + browser.token},
                       {"x-csrf-token", browser.csrf_token}};
    return request;
  }

  static std::string cookie_of(const http::Response& response) {
    for (const http::Header& header : response.headers)
      if (header.name == "Set-Cookie") return header.value;
    return {};
  }

  Browser sign_in(const Secret& key) {
    const auto response = send(by_key("POST", key));
    EXPECT_TRUE(response) << response.error().detail;
    const std::string cookie = cookie_of(*response);
    const std::size_t start = cookie.find('=') + 1;
    return {cookie.substr(start, cookie.find(';') - start), member(*response, "csrf_token")};
  }

  static std::string member(const http::Response& response, std::string_view name) {
    const json::Value body = *json::parse(response.body);
    return std::string(*body.find(name)->as_string());
  }

  /// The error code; empty when it authenticates.
  std::string_view refusal(const http::Request& request,
                           const std::string& permission = "ledger:read") {
    const http::Route route{request.method, "/", permission, http::SyncHandler()};
    const http::Authentication authentication = authenticate(request, route);
    return authentication.caller ? "" : authentication.caller.error().code.name;
  }
  std::string_view refusal(const Browser& browser) { return refusal(by("GET", browser)); }

  FakeClock clock;
  IdGenerator ids{clock, 0};
  std::unique_ptr<sql::Database> database;
  const Permissions known_permissions{{"ledger:read", "ledger:write", "events:read"}};
  std::optional<Access> access;
  std::unique_ptr<cache::RateLimiter> limits = cache::limiter_in_memory();
  std::unique_ptr<cache::TtlCache> values = cache::ttl_cache_in_memory(clock, 100);
  Sessions sessions{*values, clock, SessionSettings()};
  std::optional<KeyAuthenticator> authenticator;
  TenantId tenant;
};

TEST_F(SessionsTest, ActsForTheKeyThatSignedIn) {
  const CreatedApiKey key = make_key();
  const auto response = send(by_key("POST", key.secret));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(member(*response, "expires_at"), clock.now().plus_seconds(43'200).rfc3339());
  EXPECT_EQ(response->body.find(std::string(key.secret.reveal())), std::string::npos);

  const Browser browser = sign_in(key.secret);
  const http::Route route{"GET", "/", "ledger:read", http::SyncHandler()};
  const http::Authentication authentication = authenticate(by("GET", browser), route);
  ASSERT_TRUE(authentication.caller);
  EXPECT_EQ(authentication.caller->tenant, tenant);
  EXPECT_EQ(authentication.caller->actor, key.key.id.str());
  EXPECT_EQ(refusal(by("GET", browser), "ledger:write"), "permission_denied");
}

TEST_F(SessionsTest, TheCookieIsForThisSiteAloneAndOutOfReachOfScripts) {
  const CreatedApiKey key = make_key();
  http::Request request = by_key("POST", key.secret);
  EXPECT_TRUE(cookie_of(*send(request)).ends_with("; Path=/; HttpOnly; SameSite=Strict"));
  request.headers.push_back({"x-forwarded-proto", "https"});
  EXPECT_TRUE(cookie_of(*send(request)).ends_with("; SameSite=Strict; Secure"));
}

TEST_F(SessionsTest, ShowsWhoActsAndGivesTheSameCsrfTokenAgain) {
  const CreatedApiKey key = make_key();
  const Browser browser = sign_in(key.secret);
  const auto shown = send(by("GET", browser));
  ASSERT_TRUE(shown) << shown.error().detail;
  EXPECT_EQ(member(*shown, "csrf_token"), browser.csrf_token);
  EXPECT_NE(shown->body.find("acme"), std::string::npos);
  EXPECT_NE(shown->body.find("ledger:read"), std::string::npos);
  EXPECT_EQ(shown->body.find(browser.token), std::string::npos);
}

TEST_F(SessionsTest, EndsWhenNobodyUsesItAndGoesOnWhileSomebodyDoes) {
  const CreatedApiKey key = make_key();
  const Browser used = sign_in(key.secret), left = sign_in(key.secret);
  clock.advance_seconds(1'000);
  EXPECT_EQ(refusal(used), "");
  clock.advance_seconds(1'000);
  EXPECT_EQ(refusal(used), "");
  EXPECT_EQ(refusal(left), "session_expired");
}

TEST_F(SessionsTest, EndsAtTheLatestAfterItsAbsoluteTime) {
  const Browser browser = sign_in(make_key().secret);
  for (int i = 0; i < 28; ++i) {
    clock.advance_seconds(1'500);
    ASSERT_TRUE(sessions.find(Secret(browser.token))) << i;
  }
  clock.advance_seconds(1'200);
  EXPECT_EQ(refusal(browser), "session_expired");
}

TEST_F(SessionsTest, EndsWithItsKey) {
  const CreatedApiKey key = make_key();
  const Browser browser = sign_in(key.secret);
  EXPECT_EQ(refusal(browser), "");
  ASSERT_TRUE(access->revoke_key(key.key.id));
  ASSERT_TRUE(authenticator->refresh());
  EXPECT_EQ(refusal(browser), "key_revoked");
}

TEST_F(SessionsTest, EndsWhenItsKeyExpires) {
  NewApiKey wanted;
  wanted.tenant = tenant;
  wanted.name = "short";
  wanted.permissions = {"*"};
  wanted.expires_at = clock.now().plus_seconds(10);
  const Browser browser = sign_in(access->create_key(wanted)->secret);
  EXPECT_EQ(member(*send(by("GET", browser)), "expires_at"), wanted.expires_at->rfc3339());
  clock.advance_seconds(10);
  EXPECT_EQ(refusal(browser), "key_expired");
}

TEST_F(SessionsTest, SigningOutEndsItForGood) {
  const Browser browser = sign_in(make_key().secret);
  const auto response = send(by("DELETE", browser));
  ASSERT_TRUE(response) << response.error().detail;
  EXPECT_EQ(response->status, 204);
  EXPECT_TRUE(cookie_of(*response).ends_with("Max-Age=0"));
  EXPECT_EQ(refusal(browser), "session_expired");
  EXPECT_EQ(send(by("DELETE", browser)).error().code, errors::session_expired);
}

TEST_F(SessionsTest, WhatChangesSomethingNeedsTheCsrfToken) {
  Browser browser = sign_in(make_key().secret);
  EXPECT_EQ(refusal(by("POST", browser)), "");
  const Browser neighbour = sign_in(make_key().secret);
  for (const std::string& wrong : {std::string(), std::string("x"), neighbour.csrf_token}) {
    browser.csrf_token = wrong;
    for (const char* method : {"POST", "PATCH", "PUT", "DELETE"})
      EXPECT_EQ(refusal(by(method, browser)), "csrf_token_invalid") << method;
    EXPECT_EQ(refusal(browser), "");
  }
}

TEST_F(SessionsTest, ABearerHeaderWinsOverTheCookie) {
  const CreatedApiKey other = make_key({"events:read"});
  const Browser browser = sign_in(make_key().secret);
  http::Request both = by_key("GET", other.secret);
  both.headers.push_back({"cookie", "florin_session=" + browser.token});
  EXPECT_EQ(refusal(both, "events:read"), "");
  EXPECT_EQ(refusal(both, "ledger:read"), "permission_denied");
  EXPECT_EQ(send(both).error().code, errors::session_not_found);
  both.headers.front().value = "Bearer nonsense";
  EXPECT_EQ(refusal(both), "unauthenticated");
}

TEST_F(SessionsTest, ATokenThatWasChosenOutsideAdmitsNobody) {
  EXPECT_EQ(refusal(Browser{"chosen-by-somebody-else", ""}), "session_expired");
  EXPECT_EQ(refusal(Browser{"", ""}), "unauthenticated");
  const Browser own = sign_in(make_key().secret), planted = sign_in(make_key().secret);
  http::Request request = by("GET", own);
  request.headers.front().value += "; florin_session=" + planted.token;
  EXPECT_EQ(refusal(request), "unauthenticated");
}

TEST_F(SessionsTest, ASessionBeginsNoOther) {
  const Browser browser = sign_in(make_key().secret);
  EXPECT_EQ(send(by("POST", browser)).error().code, errors::unauthenticated);
}

TEST_F(SessionsTest, IsHeldToTheKeysRate) {
  const CreatedApiKey key = make_key({"ledger:read"}, 2);
  const Browser browser = sign_in(key.secret);
  EXPECT_EQ(refusal(browser), "");
  EXPECT_EQ(refusal(browser), "rate_limited");
}

TEST_F(SessionsTest, AKeySignsInSoOftenAndNoMore) {
  const CreatedApiKey key = make_key();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(send(by_key("POST", key.secret)));
  EXPECT_EQ(send(by_key("POST", key.secret)).error().code, errors::rate_limited);
  EXPECT_TRUE(send(by_key("POST", make_key().secret)));
}

TEST_F(SessionsTest, AnotherNodeKnowsItByTheSameStore) {
  const CreatedApiKey key = make_key();
  ASSERT_TRUE(authenticator->refresh());
  const Browser browser = sign_in(key.secret);
  Sessions there{*values, clock, SessionSettings()};
  authenticator.emplace(*database, clock, *limits, there);  // It does not know the key yet.
  EXPECT_EQ(refusal(browser), "");
}

}  // namespace
}  // namespace florin::access
