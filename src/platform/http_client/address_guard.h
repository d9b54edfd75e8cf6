#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace florin::http_client {

enum class AddressRule : std::uint8_t {
  any,         ///< Addresses given by the operator of this server in its configuration.
  public_only  ///< Addresses given by tenants: nothing that is not on the open Internet.
};

/// Which addresses tenants may have us call (SSRF guard). The rule is applied to the text of a URL
/// when it is given, and again to the very address that a connection is made to, so a name that
/// changes its meaning in between gains nothing. Immutable, safe for concurrent use.
class AddressGuard {
 public:
  AddressGuard() = default;
  /// `allowed_hosts` are opened in spite of the rules, as "HOST" or "HOST:PORT" with a name or an
  /// IP address, and then plain http is taken too. For the sandbox and for closed networks.
  explicit AddressGuard(std::vector<std::string> allowed_hosts);

  /// Whether tenants may name this URL: https (http for allowed hosts alone), port 443 or 8443, no
  /// user and password, and a host whose addresses, as far as it resolves now, are all public.
  /// Errors: address_refused, with the rule in the detail.
  Result<void> check_url(std::string_view url) const;
  /// The part of it that connections are judged by: whether the URL can be read, is http or https
  /// and keeps the rule of base URLs, and whether what its host resolves to now, at any port, may
  /// be called. For URLs that may be plain http. Errors: address_refused, with the rule in the
  /// detail.
  Result<void> check_host(std::string_view url) const;
  /// Whether a connection to this address may be made; `host` is the name it was asked for by.
  bool allows_connection(std::string_view host, int port, std::string_view ip) const;

 private:
  bool is_allowed_host(std::string_view host, int port) const;
  std::vector<std::string> allowed_hosts_;
};

/// The rule that a text breaks as an http or https URL to call, such as "must not carry a user or
/// password"; nothing when it is good.
std::optional<std::string> broken_url_rule(std::string_view url);
/// The same for one that paths are put behind: it has neither a query nor a fragment.
std::optional<std::string> broken_base_url_rule(std::string_view url);

/// Whether an IPv4 or IPv6 address, as text, is on the open Internet: not private, loopback,
/// link-local, shared, multicast, reserved, for documentation, nor IPv4 hidden in IPv6 that is one
/// of these. Source: IANA special-purpose address registries (RFC 6890).
bool is_public_address(std::string_view ip);

}  // namespace florin::http_client
