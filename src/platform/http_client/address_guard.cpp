#include "platform/http_client/address_guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include "base/try.h"
#include "platform/http_client/http_client.h"

namespace florin::http_client {
namespace {

using Ipv4 = std::array<std::uint8_t, 4>;
using Ipv6 = std::array<std::uint8_t, 16>;

template <std::size_t size>
struct Block {
  std::array<std::uint8_t, size> base;
  int bits;

  bool contains(const std::array<std::uint8_t, size>& address) const {
    for (int bit = 0; bit < bits; ++bit) {
      const auto byte = static_cast<std::size_t>(bit / 8);
      const int mask = 0x80 >> (bit % 8);
      if ((address[byte] & mask) != (base[byte] & mask)) return false;
    }
    return true;
  }
};

// The rows of the IANA registries that are not "globally reachable", and multicast.
constexpr std::array<Block<4>, 16> closed_ipv4{{{{0, 0, 0, 0}, 8},
                                                {{10, 0, 0, 0}, 8},
                                                {{100, 64, 0, 0}, 10},
                                                {{127, 0, 0, 0}, 8},
                                                {{169, 254, 0, 0}, 16},
                                                {{172, 16, 0, 0}, 12},
                                                {{192, 0, 0, 0}, 24},
                                                {{192, 0, 2, 0}, 24},
                                                {{192, 88, 99, 0}, 24},
                                                {{192, 168, 0, 0}, 16},
                                                {{198, 18, 0, 0}, 15},
                                                {{198, 51, 100, 0}, 24},
                                                {{203, 0, 113, 0}, 24},
                                                {{224, 0, 0, 0}, 4},
                                                {{240, 0, 0, 0}, 4},
                                                {{255, 255, 255, 255}, 32}}};
constexpr Block<16> global_ipv6{{0x20}, 3};  // 2000::/3: all that is handed out.
constexpr std::array<Block<16>, 5> closed_ipv6{{{{0x20, 0x01, 0x00, 0x00}, 23},
                                                {{0x20, 0x01, 0x0d, 0xb8}, 32},
                                                {{0x3f, 0xff}, 20},
                                                {{0x5f, 0x00}, 16},
                                                {{0x20, 0x02}, 16}}};  // 6to4 hides IPv4.
constexpr Block<16> nat64{{0x00, 0x64, 0xff, 0x9b}, 96};

bool is_public(const Ipv4& address) {
  return std::none_of(closed_ipv4.begin(), closed_ipv4.end(),
                      [&](const auto& block) { return block.contains(address); });
}

bool is_public(const Ipv6& address) {
  if (nat64.contains(address))
    return is_public(Ipv4{address[12], address[13], address[14], address[15]});
  return global_ipv6.contains(address) &&
         std::none_of(closed_ipv6.begin(), closed_ipv6.end(),
                      [&](const auto& block) { return block.contains(address); });
}

Error refused(std::string detail) { return {errors::address_refused, std::move(detail)}; }

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct ParsedUrl {
  std::string scheme, host;
  int port = 0;
  bool has_user = false, has_query = false;
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

/// With the parser of the client that will connect: two readings of one URL are how guards fail.
std::optional<ParsedUrl> parse(std::string_view text) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK)
    return std::nullopt;
  ParsedUrl parsed;
  parsed.scheme = part_of(url.get(), CURLUPART_SCHEME);
  parsed.host = part_of(url.get(), CURLUPART_HOST);
  // IPv6 comes in brackets.
  if (parsed.host.size() > 2 && parsed.host.front() == '[')
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  const std::string port = part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  parsed.has_user = !part_of(url.get(), CURLUPART_USER).empty();
  parsed.has_query = !part_of(url.get(), CURLUPART_QUERY).empty() ||
                     !part_of(url.get(), CURLUPART_FRAGMENT).empty();
  return parsed;
}

/// Every address the name has now; none when it does not resolve (yet).
std::vector<std::string> addresses_of(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> all;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return all;
  for (const addrinfo* one = found; one; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0)
      all.emplace_back(text.data());
  }
  ::freeaddrinfo(found);
  return all;
}

/// A URL that somebody may have meant to be called. Errors: address_refused.
Result<ParsedUrl> readable(std::string_view text) {
  constexpr std::size_t longest = 2'048;
  if (text.size() > longest) return refused("must be at most 2048 characters long");
  auto url = parse(text);
  if (!url) return refused("must be an absolute URL");
  if (url->scheme != "https" && url->scheme != "http") return refused("must use https");
  if (url->has_user) return refused("must not carry a user or password");
  return *std::move(url);
}

/// One that paths are put behind. Errors: address_refused.
Result<ParsedUrl> readable_base(std::string_view text) {
  auto url = TRY(readable(text));
  if (url.has_query) return refused("must not have a query or fragment");
  return url;
}

/// A name that does not resolve (yet) is judged when it is connected to. Errors: address_refused.
Result<void> check_addresses(const std::string& host) {
  for (const std::string& address : addresses_of(host)) {
    if (!is_public_address(address))
      return refused("must not lead to a private, loopback, link-local or reserved address");
  }
  return {};
}

}  // namespace

std::optional<std::string> broken_url_rule(std::string_view url) {
  const auto read = readable(url);
  return read ? std::nullopt : std::optional(read.error().detail);
}

std::optional<std::string> broken_base_url_rule(std::string_view url) {
  const auto read = readable_base(url);
  return read ? std::nullopt : std::optional(read.error().detail);
}

bool is_public_address(std::string_view ip) {
  const std::string text(ip.substr(0, ip.find('%')));
  Ipv4 v4{};
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return is_public(v4);
  Ipv6 v6{};
  return ::inet_pton(AF_INET6, text.c_str(), v6.data()) == 1 && is_public(v6);
}

AddressGuard::AddressGuard(std::vector<std::string> allowed_hosts)
    : allowed_hosts_(std::move(allowed_hosts)) {}

bool AddressGuard::is_allowed_host(std::string_view host, int port) const {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  const std::string shown = is_ipv6 ? "[" + std::string(host) + "]" : std::string(host);
  const std::string with_port = shown + ":" + std::to_string(port);
  return std::any_of(allowed_hosts_.begin(), allowed_hosts_.end(), [&](const std::string& one) {
    return one == host || one == shown || one == with_port;
  });
}

Result<void> AddressGuard::check_url(std::string_view text) const {
  const auto url = TRY(readable(text));
  if (is_allowed_host(url.host, url.port)) return {};
  if (url.scheme != "https") return refused("must use https");
  if (url.port != 443 && url.port != 8'443) return refused("must use port 443 or 8443");
  return check_addresses(url.host);
}

Result<void> AddressGuard::check_host(std::string_view text) const {
  const auto url = TRY(readable_base(text));
  if (is_allowed_host(url.host, url.port)) return {};
  return check_addresses(url.host);
}

bool AddressGuard::allows_connection(std::string_view host, int port, std::string_view ip) const {
  return is_allowed_host(host, port) || is_public_address(ip);
}

}  // namespace florin::http_client
