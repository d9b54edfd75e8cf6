#include "platform/http/identity.h"

#include <gtest/gtest.h>

#include <set>

namespace florin::http {
namespace {

constexpr const char* caller_trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Request identified(std::vector<Header> headers) {
  static IdentitySource source;
  Request request;
  request.received_at = {1'700'000'000'000'000};
  request.headers = std::move(headers);
  source.identify(request);
  return request;
}

TEST(Identity, KeepsAWellFormedRequestId) {
  const std::string longest(128, 'a');
  EXPECT_EQ(identified({{"X-Request-Id", "abc.DEF_1-2"}}).request_id, "abc.DEF_1-2");
  EXPECT_EQ(identified({{"x-request-id", longest}}).request_id, longest);
}

TEST(Identity, ReplacesAnotherRequestId) {
  for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\"b"),
                                 std::string("é"), std::string(129, 'a')}) {
    const std::string id = identified({{"X-Request-Id", bad}}).request_id;
    EXPECT_TRUE(id.starts_with("req_")) << id;
    EXPECT_EQ(id.size(), 23u);
  }
}

TEST(Identity, RequestIdsDifferAndFollowTime) {
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.insert(identified({}).request_id);
  EXPECT_EQ(ids.size(), 1'000u);
  IdentitySource source;
  Request later;
  later.received_at = {1'700'000'000'001'000};
  source.identify(later);
  EXPECT_LT(*ids.rbegin(), later.request_id);
}

TEST(Identity, ContinuesTheCallersTraceWithASpanOfItsOwn) {
  const std::string parent = identified({{"traceparent", caller_trace}}).traceparent;
  ASSERT_EQ(parent.size(), 55u);
  EXPECT_EQ(parent.substr(0, 36), std::string(caller_trace).substr(0, 36));
  EXPECT_NE(parent.substr(36, 16), std::string(caller_trace).substr(36, 16));
  EXPECT_EQ(parent.substr(52), "-01");
  EXPECT_EQ(trace_id_of(parent), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(Identity, TakesALaterVersionThatIsLonger) {
  const std::string later = "cc" + std::string(caller_trace).substr(2) + "-what-comes";
  EXPECT_EQ(trace_id_of(identified({{"traceparent", later}}).traceparent),
            "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(Identity, BeginsANewTraceWhenTheCallersIsMalformed) {
  const std::string good = caller_trace;
  const std::string zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
  const std::string zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
  const std::string upper = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "-x", good + "x", "ff" + good.substr(2),
        "0g" + good.substr(2), zeros, zero_span, upper, good.substr(0, 53) + "0g",
        "00_" + good.substr(3), good.substr(0, 35) + "_" + good.substr(36),
        good.substr(0, 52) + "_01", "cc" + good.substr(2) + "x"}) {
    const std::string parent = identified({{"traceparent", bad}}).traceparent;
    EXPECT_EQ(parent.size(), 55u);
    EXPECT_NE(trace_id_of(parent), "4bf92f3577b34da6a3ce929d0e0e4736") << bad;
    EXPECT_EQ(parent.substr(52), "-00") << bad;
  }
}

}  // namespace
}  // namespace florin::http
