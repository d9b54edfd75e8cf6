#include "platform/http/network.h"

#include <gtest/gtest.h>

namespace florin::http {
namespace {

bool contains(std::string_view network, std::string_view address) {
  const auto parsed = Network::parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->contains(address);
}

TEST(Network, HoldsTheAddressesThatBeginWithItsBits) {
  EXPECT_TRUE(contains("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(contains("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(contains("10.1.2.3/8", "10.255.255.255"));
  EXPECT_TRUE(contains("10.0.0.0/8", "10.0.0.0"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.168.4.0/31", "192.168.4.1"));
  EXPECT_FALSE(contains("192.168.4.0/31", "192.168.4.2"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
  EXPECT_FALSE(contains("fd00::/8", "fe80::1"));
  EXPECT_TRUE(contains("::1", "0:0::1"));
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "nonsense"));
}

TEST(Network, OtherTextIsNone) {
  for (const char* text : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1",
                           "10.0.0/8", "::1/129", "/8", "10.0.0.1 ", "10.0.0.1:80", "[::1]", "*"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace florin::http
