#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "platform/json/value.h"

namespace florin::events {
class EventTypes;
}

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
constexpr auto words_of(EndpointStatus) {
  return std::to_array<Word<EndpointStatus>>(
      {{EndpointStatus::enabled, "enabled"}, {EndpointStatus::disabled, "disabled"}});
}

enum class DisabledReason : std::uint8_t {
  by_request,
  gone,    ///< It answered 410.
  failing  ///< For days, without a success.
};
constexpr auto words_of(DisabledReason) {
  return std::to_array<Word<DisabledReason>>({{DisabledReason::by_request, "by_request"},
                                              {DisabledReason::gone, "gone"},
                                              {DisabledReason::failing, "failing"}});
}

/// Dotted paths into the payload ("data.partner_id") and the values that each may have.
using FieldFilter = std::map<std::string, std::vector<json::Value>>;

/// Which events an endpoint gets.
struct Selection {
  /// Exact types and families ("wallet.*"). Empty: all but those of webhooks themselves. Types that
  /// begin with "webhook." are sent only where they are named exactly.
  std::vector<std::string> event_types = {};
  FieldFilter filter = {};  ///< All paths must match. Empty: any event.

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// The delays before the second, third ... attempt: `attempts` - 1 of them, the first one
/// `first_delay_ms`, each twice the one before, none longer than a day.
std::vector<std::int64_t> exponential_delays(int attempts, std::int64_t first_delay_ms);
/// 1, 5, 15, 60 and 300 seconds: what game servers of the wallet hub are promised.
std::vector<std::int64_t> game_server_delays();

/// How deliveries to an endpoint are attempted.
struct DeliveryPolicy {
  /// Before each further attempt, in milliseconds; after the last one fails the delivery is a dead
  /// letter. Default: 5 attempts.
  std::vector<std::int64_t> retry_delays_ms = exponential_delays(5, 1'000);
  int timeout_ms = 30'000;  ///< Of one attempt.
  std::optional<std::int64_t> rate_limit_per_second = {};
  int max_concurrency = 8;  ///< Attempts in progress at one time.
  /// "subject" or a dotted path into the payload: deliveries for which it has the same value go one
  /// after the other in the order of their events. Nothing: no order.
  std::optional<std::string> order_by = {};

  friend bool operator==(const DeliveryPolicy&, const DeliveryPolicy&) = default;
};

/// The certificate that is presented to the endpoint (mTLS), and the authority of its own.
struct Tls {
  std::optional<std::string> certificate_pem = {};
  std::optional<std::string> trusted_ca_pem = {};  ///< Nothing: the system's authorities.

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
  std::optional<DisabledReason> disabled_reason;
  Selection selection;
  DeliveryPolicy policy;
  Tls tls;
  EventId start_after;  ///< Of making or enabling: events with greater ids are for this endpoint.
  std::optional<Timestamp> failing_since;  ///< The first failure after the last success.
  std::optional<Timestamp> last_failure_at, last_success_at;
  Timestamp created_at, updated_at;
};

/// An endpoint as it is asked for, with the secrets that are given for it.
struct EndpointDraft : Endpoint {
  /// Of creation: `whsec_` and base64 of 24 to 64 bytes, which then are the key; or any other text
  /// of at least 16 bytes, which is the key as it stands. Nothing: one is generated.
  std::optional<Secret> secret = {};
  /// Of tls.certificate_pem. Nothing: the one that is stored; empty: none.
  std::optional<Secret> private_key_pem = {};
  bool has_stored_key = false;
  /// Those that `selection` can name, besides those that it names already.
  const events::EventTypes* known_types = nullptr;
  std::vector<std::string> stored_types = {};
};
/// What a stored endpoint becomes. It may be called more than once.
using EndpointChange = std::function<Result<EndpointDraft>(const Endpoint& before)>;

/// For an HMAC secret that somebody chose: of the form of EndpointDraft::secret, and not guessable.
std::optional<SecretFault> broken_secret_rule(const Secret& text);

enum class SecretKind : std::uint8_t { hmac, ed25519 };
constexpr auto words_of(SecretKind) {
  return std::to_array<Word<SecretKind>>(
      {{SecretKind::hmac, "hmac"}, {SecretKind::ed25519, "ed25519"}});
}

struct EndpointSecret {
  SecretId id;
  SecretKind kind = SecretKind::hmac;
  Secret text;  ///< hmac: as it was given. ed25519: "whsk_" and base64 of seed and public key.
  Timestamp created_at;
  std::optional<Timestamp> expires_at;

  bool is_valid_at(Timestamp now) const { return !expires_at || now < *expires_at; }
};

struct Rotation {
  std::optional<Secret> secret = {};    ///< Nothing: one is generated.
  std::int64_t overlap_s = 24 * 3'600;  ///< The old ones sign too for so long.
  SecretKind kind = SecretKind::hmac;
};

}  // namespace florin::webhooks
