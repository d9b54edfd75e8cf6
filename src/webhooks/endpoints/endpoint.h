#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "platform/json/value.h"

namespace florin::webhooks {

struct EndpointTag {
  static constexpr std::string_view prefix = "whe";
};
struct SecretTag {
  static constexpr std::string_view prefix = "whs";
};
using EndpointId = Id<EndpointTag>;
using SecretId = Id<SecretTag>;

enum class EndpointStatus : std::uint8_t { enabled, disabled };

/// Which events an endpoint gets.
struct Selection {
  /// Exact types and families ("wallet.*"). Empty: all but those of webhooks themselves. Types that
  /// begin with "webhook." are sent only where they are named exactly.
  std::vector<std::string> event_types = {};
  /// Dotted path into the payload ("data.partner_id") and the values that it may have; all paths
  /// must agree. Empty: any.
  std::map<std::string, std::vector<json::Value>> filter = {};

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// The delays before the second, third ... attempt: `attempts` - 1 of them, the first one
/// `first_delay_ms`, each twice the one before, none longer than a day.
std::vector<std::int64_t> exponential_delays(int attempts, std::int64_t first_delay_ms);
/// 1, 5, 15, 60 and 300 seconds: what game servers of the wallet hub are promised.
std::vector<std::int64_t> game_server_delays();

/// How an endpoint wants to be called.
struct DeliveryPolicy {
  /// Before each further attempt, in milliseconds; after the last one fails the delivery is a dead
  /// letter. Default: 5 attempts.
  std::vector<std::int64_t> retry_delays_ms = exponential_delays(5, 1'000);
  int timeout_ms = 30'000;  ///< Of one attempt.
  std::optional<std::int64_t> rate_limit_per_second = {};
  int max_concurrency = 8;  ///< Attempts under way at one time.
  /// "subject" or a dotted path into the payload: deliveries for which it has the same value go one
  /// after the other in the order of their events. Nothing: no order.
  std::optional<std::string> order_by = {};

  friend bool operator==(const DeliveryPolicy&, const DeliveryPolicy&) = default;
};

/// The certificate that we show to the endpoint (mTLS), and whom we trust to be it.
struct Tls {
  std::optional<std::string> certificate_pem = {};
  std::string trusted_ca_pem = {};  ///< Empty: the system's certificates.

  friend bool operator==(const Tls&, const Tls&) = default;
};

struct Endpoint {
  EndpointId id;
  TenantId tenant;
  std::optional<std::string> name;  ///< Of endpoints of the configuration.
  std::string url;
  std::string description;
  bool is_trusted = false;  ///< Of the configuration: private addresses are allowed.
  EndpointStatus status = EndpointStatus::enabled;
  std::optional<std::string> disabled_reason;  ///< "by_request", "gone" or "failing".
  Selection selection;
  DeliveryPolicy policy;
  Tls tls;
  EventId start_after;  ///< Of making or enabling: events with greater ids are for this endpoint.
  std::optional<Timestamp> failing_since;  ///< The first failure after the last success.
  std::optional<Timestamp> last_failure_at, last_success_at;
  Timestamp created_at, updated_at;
};

struct NewEndpoint {
  TenantId tenant;
  /// Set by the configuration alone; with it the endpoint is found again by ensure_endpoint().
  std::optional<std::string> name = {};
  std::string url;
  std::string description = {};
  bool is_trusted = false;  ///< No route of the API can set it.
  Selection selection = {};
  DeliveryPolicy policy = {};
  Tls tls = {};
  std::optional<Secret> private_key_pem = {};  ///< Of tls.certificate_pem.
  /// `whsec_` and base64 of 24 to 64 bytes, which then are the key; or any other text of at least
  /// 16 bytes, which is the key as it stands. Nothing: one is made.
  std::optional<Secret> secret = {};
};

/// What is to be different; what is absent stays.
struct EndpointChange {
  std::optional<std::string> url = {}, description = {};
  std::optional<EndpointStatus> status = {};
  std::optional<std::vector<std::string>> event_types = {};
  std::optional<std::map<std::string, std::vector<json::Value>>> filter = {};
  std::optional<std::vector<std::int64_t>> retry_delays_ms = {};
  std::optional<int> timeout_ms = {}, max_concurrency = {};
  std::optional<std::optional<std::int64_t>> rate_limit_per_second = {};
  std::optional<std::optional<std::string>> order_by = {};
  std::optional<Tls> tls = {};
  std::optional<Secret> private_key_pem = {};
};

/// For an HMAC secret that somebody chose: of the form that NewEndpoint::secret says, and not
/// guessable.
std::optional<SecretFault> broken_secret_rule(const Secret& text);

enum class SecretKind : std::uint8_t { hmac, ed25519 };

struct EndpointSecret {
  SecretId id;
  SecretKind kind = SecretKind::hmac;
  Secret text;  ///< hmac: as it was given. ed25519: "whsk_" and base64 of seed and public key.
  Timestamp created_at;
  std::optional<Timestamp> expires_at;

  bool is_valid_at(Timestamp now) const { return !expires_at || now < *expires_at; }
};

struct Rotation {
  std::optional<Secret> secret = {};    ///< Nothing: a new one is made.
  std::int64_t overlap_s = 24 * 3'600;  ///< The old ones sign too for so long.
  SecretKind kind = SecretKind::hmac;
};

std::string_view to_string(EndpointStatus status);
std::string_view to_string(SecretKind kind);

}  // namespace florin::webhooks
