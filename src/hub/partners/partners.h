#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/actor.h"
#include "base/clock.h"
#include "base/result.h"
#include "hub/hub.h"

namespace florin {
class IdGenerator;
}
namespace florin::cache {
class RateLimit;
class RateLimiter;
}  // namespace florin::cache
namespace florin::crypto {
class Vault;
}
namespace florin::events {
class EventLog;
}
namespace florin::sql {
class Database;
class Tx;
}  // namespace florin::sql

namespace florin::hub {

/// A partner as somebody wants it, with the secrets that are given for it.
struct PartnerDraft : Partner {
  std::optional<Secret> secret = {};           ///< Of the partner's calls; absent: one is made.
  std::optional<Secret> operator_secret = {};  ///< Of our calls to its Operator.
};
/// What is to become of the partner that is stored. It may be called more than once.
using PartnerChange = std::function<Result<PartnerDraft>(const Partner& before)>;

struct CreatedPartner {
  Partner partner;
  Secret secret;  ///< The one time it can be read.
};

/// A partner with what its calls are checked by and its Operator is called with.
struct KnownPartner {
  Partner partner;
  std::vector<Secret> secrets;  ///< Active ones of its calls, the newest first.
  Secret operator_secret;
  std::shared_ptr<cache::RateLimit> limit;  ///< Null: none.
  bool has_unreadable_secrets = false;      ///< Sealed with a key that is lost; they do not count.
};
using PartnerPtr = std::shared_ptr<const KnownPartner>;

constexpr std::size_t max_partner_code_bytes = 64;
/// What a header can carry without doubt: 1 to 64 of a-z, 0-9, - and _.
bool is_partner_code(std::string_view code);

/// For a secret that somebody chose for a partner, or for our calls to an Operator: 16 to 255
/// bytes, and not guessable.
std::optional<SecretFault> broken_secret_rule(const Secret& secret);

/// Partners: their rows, and the copy in memory that every call is checked by. Safe for concurrent
/// use.
class Partners {
 public:
  Partners(sql::Database& database, const Clock& clock, IdGenerator& ids, events::EventLog& events,
           const crypto::Vault& vault, cache::RateLimiter& limits, SecretRule secret_rule);
  ~Partners();

  // Inside a unit of work of the caller; call refresh() after it.
  /// Id, tenant and times of `wanted` are ignored.
  /// Errors: validation_failed when its code is malformed or a secret breaks the rule;
  /// partner_exists.
  Result<CreatedPartner> create(sql::Tx& tx, const Actor& actor, const PartnerDraft& wanted);
  /// `change` is called inside, with the row: concurrent changes lose nothing.
  /// Errors: those of `change`; partner_not_found; validation_failed when its secret breaks the
  /// rule.
  Result<Partner> change(sql::Tx& tx, const Actor& actor, PartnerId id,
                         const PartnerChange& change);
  /// A new secret; the ones before stay good for `overlap_s`. Errors: partner_not_found.
  Result<CreatedPartner> rotate_secret(sql::Tx& tx, const Actor& actor, PartnerId id,
                                       std::int64_t overlap_s);

  /// The partner that configuration asks for: made, or brought up to date. Its secret replaces
  /// every other.
  Result<Partner> ensure(TenantId tenant, const PartnerDraft& wanted);

  /// By id ("ptn_…") or code. Errors: partner_not_found.
  Result<Partner> find(TenantId tenant, std::string_view id_or_code) const;
  Result<std::vector<Partner>> list(TenantId tenant) const;

  /// From memory; null when there is none.
  PartnerPtr by_code(std::string_view code) const;
  PartnerPtr by_id(PartnerId id) const;
  /// Codes of those whose secrets do not open with this key, from memory.
  std::vector<std::string> unreadable() const;
  /// The code of an active partner whose calls may be signed with such a secret, from memory; empty
  /// when there is none.
  std::string active_with_secret(const std::function<bool(const Secret&)>& is_such) const;
  /// Takes up what changed, here or elsewhere; the scheduler calls it every second.
  Result<void> refresh();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// An unguessable secret of 256 bits, as text.
Secret new_partner_secret();

}  // namespace florin::hub
