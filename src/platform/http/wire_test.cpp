#include "platform/http/wire.h"

#include <gtest/gtest.h>

namespace florin::http {
namespace {

std::string wire(const Response& response, Envelope envelope = {}) {
  envelope.date = "DATE";
  envelope.request_id = "r1";
  envelope.traceparent = "t1";
  std::string out;
  append_answer(out, response, envelope);
  return out;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Wire, WritesHeadAndBody) {
  EXPECT_EQ(wire(Response::created("{}")),
            "HTTP/1.1 201 Created\r\nDate: DATE\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\nX-Request-Id: r1\r\ntraceparent: t1\r\n"
            "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n{}");
}

TEST(Wire, NoContentHasNeitherLengthNorType) {
  const std::string text = wire(Response::no_content());
  EXPECT_TRUE(text.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_FALSE(has(text, "Content-Length"));
  EXPECT_FALSE(has(text, "Content-Type:"));
}

TEST(Wire, HeadHasTheLengthButNoBody) {
  const std::string text = wire(Response::ok("{\"a\":1}"), {.head_only = true});
  EXPECT_TRUE(has(text, "Content-Length: 7\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Wire, AHandlersCacheControlStands) {
  Response response = Response::ok("{}");
  response.headers.push_back({"cache-control", "max-age=60"});
  const std::string text = wire(response);
  EXPECT_TRUE(has(text, "cache-control: max-age=60\r\n"));
  EXPECT_FALSE(has(text, "no-store"));
}

TEST(Wire, AValueCannotMakeAHeaderOfItsOwn) {
  Response response = Response::ok("{}");
  response.headers.push_back({"Location", "/a\r\nSet-Cookie: x"});
  EXPECT_TRUE(has(wire(response), "Location: /a  Set-Cookie: x\r\n"));
}

TEST(Wire, WritesRateLimitAndConnection) {
  const std::string text = wire(
      Response::ok("{}"), {.rate_limit = Authentication::RateLimit{100, 3, 17}, .close = true});
  EXPECT_TRUE(
      has(text, "RateLimit-Limit: 100\r\nRateLimit-Remaining: 3\r\nRateLimit-Reset: 17\r\n"));
  EXPECT_TRUE(has(text, "Connection: close\r\n"));
  EXPECT_TRUE(has(wire(Response::ok("{}"), {.keep_alive = true}), "Connection: keep-alive\r\n"));
}

TEST(Wire, UnauthorizedNamesTheScheme) {
  EXPECT_TRUE(has(wire({401, "{}"}), "WWW-Authenticate: Bearer\r\n"));
  EXPECT_FALSE(has(wire({403, "{}"}), "WWW-Authenticate"));
}

TEST(Wire, WritesTheDateOfTheRfc) {
  EXPECT_EQ(http_date({784'111'777'000'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace florin::http
