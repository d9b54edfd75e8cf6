#include "platform/http_client/address_guard.h"

#include <gtest/gtest.h>

#include "platform/http_client/http_client.h"

namespace florin::http_client {
namespace {

TEST(PublicAddress, IsWhatIanaHandsOut) {
  for (const char* ip : {"8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.15.0.1",
                         "172.32.0.1", "169.253.0.1", "223.255.255.255", "2606:4700::1111",
                         "2a00:1450:4001::1", "64:ff9b::8.8.8.8"})
    EXPECT_TRUE(is_public_address(ip)) << ip;
}

TEST(PublicAddress, RefusesEveryOtherKind) {
  for (const char* ip : {"0.0.0.0",
                         "10.1.2.3",
                         "100.64.0.1",
                         "127.0.0.1",
                         "127.255.255.254",
                         "169.254.169.254",
                         "172.16.0.1",
                         "172.31.255.255",
                         "192.0.0.1",
                         "192.0.2.1",
                         "192.88.99.1",
                         "192.168.1.1",
                         "198.18.0.1",
                         "198.19.255.255",
                         "198.51.100.1",
                         "203.0.113.1",
                         "224.0.0.1",
                         "240.0.0.1",
                         "255.255.255.255",
                         "::",
                         "::1",
                         "::ffff:127.0.0.1",
                         "::ffff:8.8.8.8",
                         "::127.0.0.1",
                         "fe80::1",
                         "fe80::1%eth0",
                         "fc00::1",
                         "fd12:3456::1",
                         "ff02::1",
                         "2001:db8::1",
                         "2001::1",
                         "2002:7f00:1::",
                         "64:ff9b::127.0.0.1",
                         "64:ff9b::10.0.0.1",
                         "fd00:ec2::254",
                         "",
                         "localhost",
                         "127.1",
                         "0x7f000001",
                         "2130706433"})
    EXPECT_FALSE(is_public_address(ip)) << ip;
}

TEST(AddressGuard, TakesPublicHttpsUrls) {
  const AddressGuard guard;
  EXPECT_TRUE(guard.check_url("https://8.8.8.8/hook"));
  EXPECT_TRUE(guard.check_url("https://8.8.8.8:8443/hook?x=1"));
  EXPECT_TRUE(guard.check_url("https://name-that-does-not-resolve.invalid/hook"))
      << "it is checked again when it is connected to";
}

TEST(AddressGuard, RefusesEverythingElse) {
  const AddressGuard guard;
  for (const char* url : {"",
                          "hook",
                          "http://8.8.8.8/",
                          "ftp://8.8.8.8/",
                          "file:///etc/passwd",
                          "gopher://8.8.8.8/",
                          "https://user:pw@8.8.8.8/",
                          "https://8.8.8.8:22/",
                          "https://8.8.8.8:8000/",
                          "https://127.0.0.1/",
                          "https://localhost/",
                          "https://10.0.0.1/",
                          "https://169.254.169.254/x",
                          "https://[::1]/",
                          "https://[::ffff:127.0.0.1]/",
                          "https://[::ffff:7f00:1]/",
                          "https://[fe80::1]/",
                          "https://0/",
                          "https://127.1/",
                          "https://2130706433/",
                          "https://0x7f000001/",
                          "https://0177.0.0.1/"}) {
    const auto checked = guard.check_url(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, errors::address_refused) << url;
  }
  EXPECT_FALSE(guard.check_url("https://8.8.8.8/" + std::string(3'000, 'x')));
}

TEST(AddressGuard, OpensWhatIsAllowed) {
  const AddressGuard guard({"127.0.0.1:3002", "intranet.invalid"});
  EXPECT_TRUE(guard.check_url("http://127.0.0.1:3002/webhook"));
  EXPECT_FALSE(guard.check_url("http://127.0.0.1:3003/webhook"));
  EXPECT_TRUE(guard.check_url("http://intranet.invalid:9000/x")) << "any port";
  EXPECT_TRUE(guard.allows_connection("intranet.invalid", 9'000, "10.0.0.7"));
  EXPECT_FALSE(guard.allows_connection("other.invalid", 9'000, "10.0.0.7"));
}

TEST(AddressGuardHost, IsJudgedAloneSoThatPlainHttpAndAnyPortPass) {
  const AddressGuard guard({"127.0.0.1:7001", "10.0.0.9"});
  for (const char* url : {"http://93.184.216.34:9000/wallet", "https://93.184.216.34",
                          "http://127.0.0.1:7001", "http://10.0.0.9:1"})
    EXPECT_TRUE(guard.check_host(url)) << url;
  for (const char* url :
       {"http://127.0.0.1:9", "https://127.0.0.1", "http://[::1]:7001",
        "http://169.254.169.254/latest", "http://localhost:7001", "http://10.0.0.8",
        "http://user:pass@93.184.216.34", "http://93.184.216.34/?q=1", "http://93.184.216.34/#part",
        "ftp://93.184.216.34", "http://", "x"}) {
    const auto checked = guard.check_host(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, errors::address_refused) << url;
  }
}

}  // namespace
}  // namespace florin::http_client
