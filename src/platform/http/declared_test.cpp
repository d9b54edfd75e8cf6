#include <gtest/gtest.h>

#include "platform/http/route.h"

namespace florin::http {
namespace {

Route route(const char* method, const char* permission = "payouts:write") {
  return {method, "/v1/payouts", permission, SyncHandler()};
}

TEST(Declared, PostAndPatchWithAPermissionMayBringAKey) {
  EXPECT_EQ(takes_key(route("POST")), TakesKey::may);
  EXPECT_EQ(takes_key(route("PATCH")), TakesKey::may);
  EXPECT_EQ(takes_key(route("GET")), TakesKey::no);
  EXPECT_EQ(takes_key(route("DELETE")), TakesKey::no);
  EXPECT_EQ(takes_key(route("POST", "")), TakesKey::no);
}

TEST(Declared, ARouteMaySayOtherwise) {
  EXPECT_EQ(takes_key(with_key(route("POST", ""), TakesKey::must)), TakesKey::must);
  EXPECT_EQ(takes_key(with_key(route("PATCH"), TakesKey::no)), TakesKey::no);
  EXPECT_EQ(behind("partner_signature", route("POST", "")).scheme, "partner_signature");
}

TEST(Declared, BodiesComeByMethod) {
  EXPECT_TRUE(takes_body(route("PATCH")));
  EXPECT_FALSE(takes_body(route("DELETE")));
  Route closing = route("POST");
  closing.body = Body::none;
  EXPECT_FALSE(takes_body(closing));
}

TEST(Declared, AFlagTakesTwoWords) {
  const QueryParam stuck = flag_param("stuck");
  EXPECT_EQ(stuck.words, (std::vector<std::string_view>{"true", "false"}));
  EXPECT_EQ(stuck.by_default, "");
}

}  // namespace
}  // namespace florin::http
