#include "hub/movement_rules.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "hub/errors.h"
#include "hub/hub_store.h"
#include "idempotency/errors.h"
#include "idempotency/idempotency.h"

namespace florin::hub::rules {
namespace {

/// A signature is good for 300 s before and after its timestamp.
constexpr std::int64_t signature_lifetime_us = 600'000'000;
/// A round with more movements than this is looked at in its newest part.
constexpr int max_looked_at = 1'000;

bool is_same_player(const Movement& movement, const WalletTransaction& stored) {
  return movement.player.empty() || movement.player == stored.player;
}

bool is_tombstone(const WalletTransaction& stored) {
  return stored.kind == Kind::rollback && !stored.target && stored.state != State::failed;
}

/// The debit that a ref without an exact name means: the newest that stands, else the newest.
void offer_debit(Known& known, const WalletTransaction& stored) {
  const bool stands = stored.state == State::success || stored.state == State::pending;
  if (!known.debit ||
      (stands && known.debit->state != State::success && known.debit->state != State::pending))
    known.debit = stored;
}

Result<void> look_at_ref(sql::Tx& tx, PartnerId partner, const Movement& movement, Timestamp now,
                         Known& known) {
  const Timestamp oldest_signature = now.plus_us(-signature_lifetime_us);
  int looked_at = 0;
  return store::visit_by_ref(tx, partner, movement.ref, [&](const WalletTransaction& stored) {
    if (stored.signature == movement.signature && stored.kind == movement.kind &&
        stored.created_at >= oldest_signature)
      known.is_signature_replay = true;
    if (is_tombstone(stored) && movement.kind != Kind::rollback) known.has_tombstone = true;
    if (stored.kind == Kind::debit && stored.state != State::failed && !known.is_named_exactly &&
        is_same_player(movement, stored))
      offer_debit(known, stored);
    return ++looked_at < max_looked_at;
  });
}

/// A rollback may name a debit by the partner's key for it, before that debit arrives.
Result<void> look_for_tombstone_of_key(sql::Tx& tx, PartnerId partner, const Movement& movement,
                                       Known& known) {
  if (movement.kind != Kind::debit || movement.key == movement.ref) return {};
  return store::visit_by_ref(tx, partner, movement.key, [&](const WalletTransaction& stored) {
    known.has_tombstone = known.has_tombstone || is_tombstone(stored);
    return !known.has_tombstone;
  });
}

Result<void> look_for_exact_name(sql::Tx& tx, PartnerId partner, const Movement& movement,
                                 Known& known) {
  if (movement.kind == Kind::debit) return {};
  if (const auto id = WalletTransactionId::parse(movement.ref)) {
    auto found = TRY(store::find(tx, *id));
    if (found && found->partner == partner) known.debit = std::move(found);
  }
  if (!known.debit) known.debit = TRY(store::find_by_key(tx, partner, Kind::debit, movement.ref));
  known.is_named_exactly = known.debit.has_value();
  return {};
}

Error conflict(std::string detail) { return {errors::transaction_conflict, std::move(detail)}; }

Error undone() {
  return {errors::already_rolled_back, "a rollback of this debit came before; it stays undone"};
}

std::optional<Error> misfit(const Movement& movement, const WalletTransaction& debit) {
  if (debit.kind != Kind::debit) return conflict("ref must name a debit");
  if (!is_same_player(movement, debit)) return conflict("the debit is another player's");
  if (movement.amount && debit.currency && movement.amount->currency != *debit.currency)
    return conflict("the debit has another currency");
  return std::nullopt;
}

Verdict judge_debit(const Movement& movement, const Known& known) {
  if (known.has_tombstone) return refusal(undone());
  return {Verdict::Action::move, {}, movement.amount->currency, movement.amount->minor, {}};
}

Verdict judge_credit(const Movement& movement, const Known& known) {
  Verdict verdict{Verdict::Action::move, {}, movement.amount->currency, movement.amount->minor, {}};
  if (!known.debit) return known.has_tombstone ? refusal(undone()) : verdict;
  if (auto error = misfit(movement, *known.debit)) return refusal(*std::move(error));
  if (known.debit->state == State::rolled_back) return refusal(undone());
  if (known.debit->state == State::failed) return refusal(conflict("the debit was refused"));
  verdict.debit = known.debit;
  return verdict;
}

Verdict judge_rollback(const Movement& movement, const Known& known) {
  if (!known.debit) {
    const auto currency = movement.amount ? std::optional(movement.amount->currency) : std::nullopt;
    return {Verdict::Action::move, {}, currency, 0, {}};  // A tombstone.
  }
  const WalletTransaction& debit = *known.debit;
  if (auto error = misfit(movement, debit)) return refusal(*std::move(error));
  if (movement.amount && movement.amount->minor != debit.amount_minor)
    return refusal(conflict("the debit has another amount"));
  Verdict verdict{Verdict::Action::move, {}, debit.currency, 0, debit};
  if (debit.state == State::rolled_back || debit.state == State::failed) return verdict;
  if (debit.credits > 0) return refusal(conflict("the debit has been settled by a credit"));
  verdict.amount_minor = debit.amount_minor;
  return verdict;
}

}  // namespace

Result<Known> look_up(sql::Tx& tx, PartnerId partner, const Movement& movement, Timestamp now) {
  Known known;
  known.same_key = TRY(store::find_by_key(tx, partner, movement.kind, movement.key));
  if (known.same_key) return known;  // A replay or a mismatch: nothing else is looked at.
  TRY(look_for_exact_name(tx, partner, movement, known));
  TRY(look_at_ref(tx, partner, movement, now, known));
  TRY(look_for_tombstone_of_key(tx, partner, movement, known));
  return known;
}

Verdict judge(const Movement& movement, const Known& known) {
  if (known.same_key) {
    if (known.same_key->request == movement.request)
      return {Verdict::Action::replay, {}, {}, 0, {}};
    return {Verdict::Action::refuse,
            Error{idempotency::errors::idempotency_mismatch,
                  "this Idempotency-Key was used with another request; use a new key"},
            {},
            0,
            {}};
  }
  // A rollback undoes its debit once, however often it comes.
  if (known.is_signature_replay && movement.kind != Kind::rollback) {
    return refusal(
        {errors::signature_replayed, "this signed call came before under another Idempotency-Key"});
  }
  switch (movement.kind) {
    case Kind::debit:
      return judge_debit(movement, known);
    case Kind::credit:
      return judge_credit(movement, known);
    case Kind::rollback:
      break;
  }
  return judge_rollback(movement, known);
}

Verdict refusal(Error error) {
  const auto action =
      idempotency::is_remembered(error) ? Verdict::Action::fail : Verdict::Action::refuse;
  return {action, std::move(error), {}, 0, {}};
}

}  // namespace florin::hub::rules
