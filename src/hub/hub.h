#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/timestamp.h"
#include "base/words.h"
#include "idempotency/key.h"

namespace florin::hub {

struct PartnerTag {
  static constexpr std::string_view prefix = "ptn";
};
struct WalletTransactionTag {
  static constexpr std::string_view prefix = "wtx";
};
using PartnerId = Id<PartnerTag>;
using WalletTransactionId = Id<WalletTransactionTag>;

// ---------------------------------------------------------------- partners

/// Who holds the players' money.
enum class WalletMode : std::uint8_t {
  internal,        ///< Our ledger.
  operator_wallet  ///< The Operator; we forward. Written "operator".
};
constexpr auto words_of(WalletMode) {
  return std::to_array<Word<WalletMode>>(
      {{WalletMode::internal, "internal"}, {WalletMode::operator_wallet, "operator"}});
}

/// What a partner's signature covers.
enum class SignatureScheme : std::uint8_t {
  body_timestamp,  ///< Raw body and X-Timestamp. Written "body-timestamp".
  v2               ///< Time, method, path, Idempotency-Key and raw body.
};
constexpr auto words_of(SignatureScheme) {
  return std::to_array<Word<SignatureScheme>>(
      {{SignatureScheme::body_timestamp, "body-timestamp"}, {SignatureScheme::v2, "v2"}});
}

enum class PartnerStatus : std::uint8_t { active, disabled };
constexpr auto words_of(PartnerStatus) {
  return std::to_array<Word<PartnerStatus>>(
      {{PartnerStatus::active, "active"}, {PartnerStatus::disabled, "disabled"}});
}

/// How a partner's Operator is called. The secret is kept apart, sealed.
struct OperatorSettings {
  std::string base_url;
  std::string dialect = "florin";  ///< One of operator_dialects().
  std::string operator_id = "florin";
  std::int64_t rate_per_minute = 60;  ///< 0: none.
  std::int64_t timeout_ms = 5'000;    ///< Of one attempt.
  std::int64_t max_attempts = 4;      ///< Of one call, before its outcome counts as unknown.
  std::int64_t max_concurrent = 256;
  bool is_trusted = false;  ///< Given by configuration: the address may be private.

  friend bool operator==(const OperatorSettings&, const OperatorSettings&) = default;
};

/// A game server (RGS) or aggregator that calls the wallet API.
struct Partner {
  PartnerId id;
  TenantId tenant;
  std::string code;  ///< What X-Partner-Id names; unique.
  PartnerStatus status = PartnerStatus::active;
  WalletMode mode = WalletMode::internal;
  std::vector<Currency> currencies;
  std::optional<std::int64_t> max_amount_minor;                        ///< Of one movement.
  std::int64_t rate_limit_per_second = 0;                              ///< 0: none.
  SignatureScheme signature_scheme = SignatureScheme::body_timestamp;  ///< The least it must sign.
  OperatorSettings operator_settings;
  Timestamp created_at, updated_at;

  bool is_active() const { return status == PartnerStatus::active; }
  bool allows(const Currency& currency) const;
};

// ---------------------------------------------------------------- movements

enum class Kind : std::uint8_t { debit, credit, rollback };
constexpr auto words_of(Kind) {
  return std::to_array<Word<Kind>>(
      {{Kind::debit, "debit"}, {Kind::credit, "credit"}, {Kind::rollback, "rollback"}});
}

enum class State : std::uint8_t { pending, success, failed, rolled_back };
constexpr auto words_of(State) {
  return std::to_array<Word<State>>({{State::pending, "PENDING"},
                                     {State::success, "SUCCESS"},
                                     {State::failed, "FAILED"},
                                     {State::rolled_back, "ROLLED_BACK"}});
}

/// The first bytes of a call's signature.
using SignatureMark = std::array<std::uint8_t, 16>;

/// What a partner asks for, checked as far as the request alone allows.
struct Movement {
  Kind kind = Kind::debit;
  std::string key;                    ///< Idempotency-Key: the partner's own id of the transaction.
  idempotency::Digest request{};      ///< Of the fields: however the JSON is written.
  idempotency::Digest raw_request{};  ///< Of the raw body, as rows of earlier versions have it.
  SignatureMark signature{};
  std::string player;
  std::optional<Money> amount;       ///< A rollback may leave it out.
  std::optional<Currency> currency;  ///< Of the amount, or what a rollback names alone.
  std::string ref;
  std::string meta = "{}";
  std::string request_id;
};

/// A stored movement.
struct WalletTransaction {
  WalletTransactionId id;
  TenantId tenant;
  PartnerId partner;
  Kind kind = Kind::debit;
  State state = State::pending;
  std::string key;
  idempotency::Digest request{};
  SignatureMark signature{};
  std::string player;
  std::optional<Currency> currency;  ///< None for a rollback that found nothing and named none.
  std::int64_t amount_minor = 0;
  std::string ref;
  WalletTransactionId target;  ///< The debit it settles or undoes; none for a tombstone.
  std::int64_t transfer = 0;   ///< The ledger's transfer; 0: nothing moved.
  std::optional<std::int64_t> balance_minor;  ///< The player's after it, where it is known.
  std::int64_t credits = 0;
  // A refusal that its key remembers, as it was answered.
  std::string refusal;  ///< Its code; empty: none.
  std::string answer;   ///< Its body.
  int answer_status = 0;
  std::string request_id;  ///< Of the call that asked for it.
  std::string meta = "{}";
  std::optional<std::string> operator_reference;
  std::int64_t operator_attempts = 0;
  std::optional<Timestamp> next_check;
  bool is_stuck = false;
  std::string pending_reason;  ///< Of a pending one: why, as far as it is known; for people.
  Timestamp created_at, updated_at;
};

/// How a movement ended: the transaction as stored, or the refusal that stored nothing.
struct MovementResult {
  WalletTransaction transaction;
  bool is_replay = false;  ///< The key had been answered before.
};

}  // namespace florin::hub
