#include "platform/http/target.h"

#include <gtest/gtest.h>

#include "platform/http/errors.h"
#include "platform/http/text.h"

namespace florin::http {
namespace {

using namespace std::string_view_literals;

struct Parsed {
  Request request;
  std::vector<std::string_view> segments;
  Result<void> result;
  explicit Parsed(std::string_view target) : result(parse_target(target, request, segments)) {}
};

TEST(Target, SplitsPathAndQuery) {
  const Parsed parsed("/v1/transfers?limit=2&cursor=cur_1");
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(parsed.request.path, "/v1/transfers");
  EXPECT_EQ(parsed.request.query, "limit=2&cursor=cur_1");
  EXPECT_EQ(parsed.segments, (std::vector<std::string_view>{"v1", "transfers"}));
  EXPECT_EQ(parsed.request.query_param("limit"), "2");
  EXPECT_EQ(parsed.request.query_param("cursor"), "cur_1");
  EXPECT_EQ(parsed.request.query_param("other"), std::nullopt);
}

TEST(Target, DecodesPercentAndPlusInTheQuery) {
  const Parsed parsed("/a?name=caf%C3%A9+noir%2B&flag&empty=&&a%3Db=c=d");
  ASSERT_TRUE(parsed.result);
  const std::vector<std::pair<std::string, std::string>> wanted{
      {"name", "café noir+"}, {"flag", ""}, {"empty", ""}, {"a=b", "c=d"}};
  EXPECT_EQ(parsed.request.query_params, wanted);
}

TEST(Target, KeepsAPlusInThePath) {
  const Parsed parsed("/a+b");
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(parsed.request.path, "/a+b");
}

TEST(Target, TakesTheAbsoluteFormOfProxies) {
  const Parsed parsed("HTTP://florin.example:8000/v1/accounts?x=1");
  ASSERT_TRUE(parsed.result);
  EXPECT_EQ(parsed.request.path, "/v1/accounts");
  EXPECT_EQ(Parsed("https://host").request.path, "/");
  EXPECT_EQ(Parsed("http://host?x=1").request.query, "x=1");
}

TEST(Target, RefusesWhatIsNoPathOrNoText) {
  for (const auto target : {"*"sv,           "v1/accounts"sv,
                            "host:443"sv,    "ftp://host/a"sv,
                            "/a%"sv,         "/a%2"sv,
                            "/a%zz"sv,       "/a?b=%"sv,
                            "/a?%f=1"sv,     "/a%00b"sv,
                            "/a?b=%00"sv,    "/a?%00=b"sv,
                            "/a%0Ab"sv,      "/a%7F"sv,
                            "/a%FF"sv,       "/a%C0%80"sv,
                            "/a%ED%A0%80"sv, "/a?b=%E2%82"sv,
                            "/a\xFF"sv,      "/a#b"sv,
                            "/a?b#c"sv,      ""sv}) {
    const Parsed parsed(target);
    ASSERT_FALSE(parsed.result) << target;
    EXPECT_EQ(parsed.result.error().code, errors::malformed_request) << target;
    EXPECT_TRUE(is_printable_utf8(parsed.request.path)) << target;
  }
}

TEST(Utf8, TakesEveryLengthUpToItsLimits) {
  for (const auto text : {""sv, "plain"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv,
                          "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv,
                          "\xF0\x90\x80\x80"sv, "\xF1\x80\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_TRUE(is_printable_utf8(text));
  }
}

TEST(Utf8, RefusesOverlongSurrogatesTruncatedAndTooLarge) {
  for (const auto text :
       {"\x80"sv, "\xC1\xBF"sv, "\xC2"sv, "\xC2 "sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv,
        "\xE2\x82"sv, "\xE2\x82 "sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv,
        "\xF5\x80\x80\x80"sv, "\xF1\x80\x80"sv, "\xF1\x80\x80 "sv, "\0"sv, "\x1F"sv, "\x7F"sv}) {
    EXPECT_FALSE(is_printable_utf8(text));
  }
}

}  // namespace
}  // namespace florin::http
