#include "platform/http/router.h"

#include <gtest/gtest.h>

#include "platform/http/target.h"

namespace florin::http {
namespace {

Route route(std::string method, std::string pattern) {
  return {std::move(method), std::move(pattern), "",
          SyncHandler([](const Request&) { return Response::ok("{}"); })};
}

class RouterTest : public testing::Test {
 protected:
  Router::Match find(std::string_view method, std::string_view target) {
    EXPECT_TRUE(parse_target(target, request_, segments_));
    return router_.find(method, segments_, request_.path_params);
  }
  std::string pattern_of(std::string_view method, std::string_view target) {
    const auto match = find(method, target);
    return match.route == nullptr ? "" : match.route->pattern;
  }

  const Router router_{{route("GET", "/"), route("GET", "/v1/accounts"),
                        route("POST", "/v1/accounts"), route("GET", "/v1/accounts/{id}"),
                        route("PATCH", "/v1/accounts/{id}"), route("GET", "/v1/accounts/mine"),
                        route("POST", "/v1/transfers/bulk"), route("GET", "/v1/transfers/{id}"),
                        route("POST", "/v1/{kind}/{id}/close"),
                        route("POST", "/v1/accounts/{account}/close")}};
  Request request_;
  std::vector<std::string_view> segments_;
};

TEST_F(RouterTest, FindsTheRouteOfMethodAndPath) {
  EXPECT_EQ(find("POST", "/v1/accounts").route->method, "POST");
  EXPECT_EQ(find("GET", "/v1/accounts").route->method, "GET");
  EXPECT_EQ(pattern_of("GET", "/"), "/");
}

TEST_F(RouterTest, NamesTheParametersOfThePattern) {
  ASSERT_EQ(pattern_of("PATCH", "/v1/accounts/acc_1"), "/v1/accounts/{id}");
  EXPECT_EQ(request_.path_param("id"), "acc_1");
  EXPECT_EQ(request_.path_param("other"), "");
}

TEST_F(RouterTest, DecodesParametersAndKeepsAnEncodedSlashInItsSegment) {
  ASSERT_EQ(pattern_of("GET", "/v1/accounts/a%2Fb%20c"), "/v1/accounts/{id}");
  EXPECT_EQ(request_.path_param("id"), "a/b c");
}

TEST_F(RouterTest, PrefersALiteralToAParameter) {
  EXPECT_EQ(pattern_of("GET", "/v1/accounts/mine"), "/v1/accounts/mine");
  EXPECT_EQ(pattern_of("POST", "/v1/accounts/7/close"), "/v1/accounts/{account}/close");
  EXPECT_EQ(pattern_of("POST", "/v1/holds/7/close"), "/v1/{kind}/{id}/close");
}

TEST_F(RouterTest, TakesAParameterWhereTheLiteralLacksTheMethod) {
  EXPECT_EQ(pattern_of("GET", "/v1/transfers/bulk"), "/v1/transfers/{id}");
}

TEST_F(RouterTest, ServesHeadWithGet) {
  EXPECT_EQ(pattern_of("HEAD", "/v1/accounts/7"), "/v1/accounts/{id}");
}

TEST_F(RouterTest, TellsWhichMethodsAPathTakes) {
  const auto match = find("DELETE", "/v1/accounts/7");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "GET, HEAD, PATCH, OPTIONS");
  EXPECT_EQ(find("DELETE", "/v1/transfers/bulk").allow, "POST, GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, KnowsNoOtherPaths) {
  for (const auto* path : {"/v2/accounts", "/v1/accounts/", "/v1/accounts/1/2/3/4", "/v1",
                           "//v1/accounts", "/v1//accounts", "/V1/accounts"}) {
    const auto match = find("GET", path);
    EXPECT_EQ(match.route, nullptr) << path;
    EXPECT_EQ(match.allow, "") << path;
  }
}

}  // namespace
}  // namespace florin::http
