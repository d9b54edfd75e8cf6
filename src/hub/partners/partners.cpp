#include "hub/partners/partners.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "hub/errors.h"
#include "hub/partners/json.h"
#include "hub/partners/store.h"
#include "platform/cache/rate_limiter.h"
#include "platform/crypto/random.h"
#include "platform/crypto/vault.h"
#include "platform/sql/database.h"

namespace florin::hub {
namespace {

using store::SecretKind;

struct Book {
  std::map<std::string, PartnerPtr, std::less<>> by_code;
  std::map<PartnerId, PartnerPtr> by_id;
};

std::string purpose_of(PartnerId partner, SecretKind kind) {
  return (kind == SecretKind::calls ? "hub.calls:" : "hub.operator:") + partner.str();
}

Error not_found() { return {errors::partner_not_found, "there is no such partner"}; }

}  // namespace

bool is_partner_code(std::string_view code) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  return !code.empty() && code.size() <= max_partner_code_bytes &&
         code.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<SecretFault> broken_secret_rule(const Secret& secret) {
  constexpr std::size_t shortest = 16, longest = 255;
  const std::size_t size = secret.reveal().size();
  if (size >= shortest && size <= longest) return guessable_secret(secret);
  return SecretFault{"too_short", "must have 16 to 255 bytes"};
}

struct Partners::Impl {
  sql::Database& database;
  const Clock& clock;
  IdGenerator& ids;
  events::EventLog& events;
  const crypto::Vault& vault;
  cache::RateLimiter& limits;
  const SecretRule secret_rule;

  Result<void> check(std::string_view pointer, const std::optional<Secret>& secret) const {
    const auto broken = secret ? secret_rule(*secret) : std::nullopt;
    if (!broken) return {};
    return Error{florin::errors::validation_failed,
                 "a secret is refused",
                 {{std::string(pointer), broken->rule, broken->detail}}};
  }

  mutable std::mutex mutex;  // Guards the pointer; never held during I/O.
  std::shared_ptr<const Book> book = std::make_shared<Book>();

  std::shared_ptr<const Book> snapshot() const {
    const std::lock_guard lock(mutex);
    return book;
  }

  Result<Partner> require(sql::Tx& tx, TenantId tenant, PartnerId id) const {
    const auto found = TRY(store::load_partner(tx, tenant, id));
    if (!found) return not_found();
    return *found;
  }

  Result<void> keep(sql::Tx& tx, PartnerId partner, SecretKind kind, const Secret& secret) {
    const std::string sealed = TRY(vault.seal(secret, purpose_of(partner, kind)));
    return store::insert_secret(tx, {ids.next(), partner, kind, sealed, clock.now()});
  }

  Result<void> append_event(sql::Tx& tx, const Actor& actor, std::string_view type,
                            const Partner& partner) {
    const std::string data = to_json(partner);
    const std::string subject = partner.id.str();
    TRY(events.append(
        tx, {partner.tenant, type, subject, data, actor.name, actor.request_id, clock.now()}));
    return {};
  }

  /// The limit of before lives on: taking up a change must not hand out new tokens.
  std::shared_ptr<cache::RateLimit> limit_of(const Partner& partner, const Book& earlier) const {
    if (partner.rate_limit_per_second == 0) return nullptr;
    const auto found = earlier.by_id.find(partner.id);
    if (found != earlier.by_id.end() &&
        found->second->partner.rate_limit_per_second == partner.rate_limit_per_second)
      return found->second->limit;
    return limits.limit("partner:" + partner.id.str(), {partner.rate_limit_per_second});
  }

  static bool is_as_wanted(const KnownPartner& known, const PartnerDraft& wanted);

  Result<Book> load(sql::Tx& tx, const Book& earlier) const {
    std::map<PartnerId, std::shared_ptr<KnownPartner>> all;
    for (Partner& partner : TRY(store::load_partners(tx))) {
      auto known = std::make_shared<KnownPartner>();
      known->limit = limit_of(partner, earlier);
      known->partner = std::move(partner);
      all.emplace(known->partner.id, std::move(known));
    }
    const Timestamp now = clock.now();
    for (const store::StoredSecret& stored : TRY(store::load_secrets(tx))) {
      const auto found = all.find(stored.partner);
      if (found == all.end() || (stored.valid_until && *stored.valid_until <= now)) continue;
      KnownPartner& known = *found->second;
      auto secret = vault.open(stored.sealed, purpose_of(stored.partner, stored.kind));
      if (!secret) {
        known.has_unreadable_secrets = true;
      } else if (stored.kind == SecretKind::calls) {
        known.secrets.push_back(*std::move(secret));
      } else if (known.operator_secret.empty()) {
        known.operator_secret = *std::move(secret);
      }
    }
    // Who cannot call an Operator takes no calls that would have to.
    for (const auto& [id, known] : all) {
      const bool calls_operator = known->partner.mode == WalletMode::operator_wallet;
      if (known->has_unreadable_secrets && calls_operator && known->operator_secret.empty())
        known->secrets.clear();
    }
    Book fresh;
    for (const auto& [id, known] : all) {
      fresh.by_id.emplace(id, known);
      fresh.by_code.emplace(known->partner.code, known);
    }
    return fresh;
  }
};

Partners::Partners(sql::Database& database, const Clock& clock, IdGenerator& ids,
                   events::EventLog& events, const crypto::Vault& vault, cache::RateLimiter& limits,
                   SecretRule secret_rule)
    : impl_(new Impl{database,
                     clock,
                     ids,
                     events,
                     vault,
                     limits,
                     std::move(secret_rule),
                     {},
                     std::make_shared<Book>()}) {}
Partners::~Partners() = default;

Result<CreatedPartner> Partners::create(sql::Tx& tx, const Actor& actor,
                                        const PartnerDraft& wanted) {
  if (!is_partner_code(wanted.code)) {
    const std::string rule = "a partner's code has 1 to 64 of a-z, 0-9, - and _";
    return Error{florin::errors::validation_failed, rule, {{"/code", "bad_characters", rule}}};
  }
  TRY(impl_->check("/secret", wanted.secret));
  TRY(impl_->check("/operator/secret", wanted.operator_secret));
  if (TRY(store::load_partner(tx, wanted.code))) {
    return Error{errors::partner_exists,
                 "a partner with this code exists",
                 {{"/code", "partner_exists", "a partner with this code exists"}}};
  }
  const Timestamp now = impl_->clock.now();
  Partner partner = wanted;
  partner.id = {impl_->ids.next()};
  partner.tenant = actor.tenant;
  partner.created_at = partner.updated_at = now;
  const Secret secret = wanted.secret ? *wanted.secret : new_partner_secret();
  TRY(store::insert_partner(tx, partner));
  TRY(impl_->keep(tx, partner.id, SecretKind::calls, secret));
  if (wanted.operator_secret)
    TRY(impl_->keep(tx, partner.id, SecretKind::operator_calls, *wanted.operator_secret));
  TRY(impl_->append_event(tx, actor, "partner.created", partner));
  return CreatedPartner{std::move(partner), secret};
}

Result<Partner> Partners::change(sql::Tx& tx, const Actor& actor, PartnerId id,
                                 const PartnerChange& change) {
  const Partner before = TRY(impl_->require(tx, actor.tenant, id));
  const PartnerDraft wanted = TRY(change(before));
  TRY(impl_->check("/operator/secret", wanted.operator_secret));
  Partner partner = wanted;
  partner.updated_at = impl_->clock.now();
  TRY(store::update_partner(tx, partner));
  if (wanted.operator_secret) {
    TRY(store::end_secrets(tx, id, SecretKind::operator_calls, partner.updated_at));
    TRY(impl_->keep(tx, id, SecretKind::operator_calls, *wanted.operator_secret));
  }
  TRY(impl_->append_event(tx, actor, "partner.updated", partner));
  return partner;
}

Result<CreatedPartner> Partners::rotate_secret(sql::Tx& tx, const Actor& actor, PartnerId id,
                                               std::int64_t overlap_s) {
  Partner partner = TRY(impl_->require(tx, actor.tenant, id));
  const Secret secret = new_partner_secret();
  TRY(store::end_secrets(tx, id, SecretKind::calls, impl_->clock.now().plus_seconds(overlap_s)));
  TRY(impl_->keep(tx, id, SecretKind::calls, secret));
  TRY(impl_->append_event(tx, actor, "partner.secret_rotated", partner));
  return CreatedPartner{std::move(partner), secret};
}

/// Starting again with the same configuration changes nothing.
bool Partners::Impl::is_as_wanted(const KnownPartner& known, const PartnerDraft& wanted) {
  const Partner& partner = known.partner;
  return partner.mode == wanted.mode && partner.currencies == wanted.currencies &&
         partner.operator_settings == wanted.operator_settings && known.secrets.size() == 1 &&
         wanted.secret && known.secrets.front().reveal() == wanted.secret->reveal() &&
         known.operator_secret.reveal() ==
             (wanted.operator_secret ? wanted.operator_secret->reveal() : std::string_view());
}

Result<Partner> Partners::ensure(TenantId tenant, const PartnerDraft& wanted) {
  TRY(refresh());
  const PartnerPtr known = by_code(wanted.code);
  if (known && Impl::is_as_wanted(*known, wanted)) return known->partner;
  const Actor actor{tenant, "configuration"};
  Partner partner = TRY(impl_->database.write([&](sql::Tx& tx) -> Result<Partner> {
    auto found = TRY(store::load_partner(tx, wanted.code));
    if (!found) return TRY(create(tx, actor, wanted)).partner;
    found->mode = wanted.mode;
    found->currencies = wanted.currencies;
    found->operator_settings = wanted.operator_settings;
    found->updated_at = impl_->clock.now();
    TRY(store::update_partner(tx, *found));
    for (const auto& [kind, secret] :
         {std::pair(SecretKind::calls, wanted.secret),
          std::pair(SecretKind::operator_calls, wanted.operator_secret)}) {
      TRY(store::end_secrets(tx, found->id, kind, found->updated_at));
      if (secret) TRY(impl_->keep(tx, found->id, kind, *secret));
    }
    return *found;
  }));
  TRY(refresh());
  return partner;
}

Result<Partner> Partners::find(TenantId tenant, std::string_view id_or_code) const {
  const auto book = impl_->snapshot();
  const auto id = PartnerId::parse(id_or_code);
  const PartnerPtr found = id ? by_id(*id) : by_code(id_or_code);
  if (!found || found->partner.tenant != tenant) return not_found();
  return found->partner;
}

Result<std::vector<Partner>> Partners::list(TenantId tenant) const {
  std::vector<Partner> all;
  const auto book = impl_->snapshot();
  for (const auto& [id, known] : book->by_id) {
    if (known->partner.tenant == tenant) all.push_back(known->partner);
  }
  std::reverse(all.begin(), all.end());
  return all;
}

std::vector<std::string> Partners::unreadable() const {
  std::vector<std::string> codes;
  for (const auto& [id, known] : impl_->snapshot()->by_id) {
    if (known->has_unreadable_secrets) codes.push_back(known->partner.code);
  }
  return codes;
}

std::string Partners::active_with_secret(const std::function<bool(const Secret&)>& is_such) const {
  for (const auto& [id, known] : impl_->snapshot()->by_id) {
    const bool is_found = std::any_of(known->secrets.begin(), known->secrets.end(), is_such);
    if (known->partner.is_active() && is_found) return known->partner.code;
  }
  return {};
}

PartnerPtr Partners::by_code(std::string_view code) const {
  const auto book = impl_->snapshot();
  const auto found = book->by_code.find(code);
  return found == book->by_code.end() ? nullptr : found->second;
}

PartnerPtr Partners::by_id(PartnerId id) const {
  const auto book = impl_->snapshot();
  const auto found = book->by_id.find(id);
  return found == book->by_id.end() ? nullptr : found->second;
}

Result<void> Partners::refresh() {
  const auto earlier = impl_->snapshot();
  auto fresh = std::make_shared<const Book>(TRY(impl_->database.read(
      [&](sql::Tx& tx) -> Result<Book> { return impl_->load(tx, *earlier); })));
  const std::lock_guard lock(impl_->mutex);
  impl_->book = std::move(fresh);
  return {};
}

Secret new_partner_secret() { return Secret("hub_" + crypto::random_base62(43)); }

}  // namespace florin::hub
