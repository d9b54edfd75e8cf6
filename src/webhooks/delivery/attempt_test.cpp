#include "webhooks/delivery/attempt.h"

#include <gtest/gtest.h>

namespace florin::webhooks {
namespace {

TEST(AttemptLog, KeepsAnyAnswerAsCappedText) {
  EXPECT_EQ(as_utf8("caf\xC3\xA9", 100), "caf\xC3\xA9");
  EXPECT_EQ(as_utf8("a\xFF\xC3", 100), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8(std::string_view("a\0b", 3), 100),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(as_utf8("\xED\xA0\x80", 3), "\xEF\xBF\xBD");
  EXPECT_EQ(as_utf8("abcd", 3), "abc");
  EXPECT_EQ(as_utf8("ab\xC3\xA9", 3), "ab");
  http_client::Response response;
  response.status = 200;
  response.headers = {{"X-\"Odd\"", "1"}, {"Set-Cookie", "a"}, {"Set-Cookie", "b"}};
  response.body = std::string(5'000, 'x');
  const Attempt attempt = attempt_of({}, response);
  EXPECT_EQ(attempt.response_body.size(), 4'096u);
  EXPECT_TRUE(attempt.is_truncated);
  EXPECT_EQ(attempt.response_headers, R"({"X-\"Odd\"":"1","Set-Cookie":"a, b"})");
}

}  // namespace
}  // namespace florin::webhooks
