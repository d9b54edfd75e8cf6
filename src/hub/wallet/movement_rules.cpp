#include "hub/wallet/movement_rules.h"

#include "base/id_generator.h"
#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/store.h"
#include "idempotency/errors.h"
#include "idempotency/key.h"

namespace florin::hub::rules {
namespace {

/// A signature is good for 300 s before and after its timestamp.
constexpr std::int64_t signature_lifetime_us = 600'000'000;
/// Of a player's round with more movements than this the newest are read.
constexpr int max_looked_at = 1'000;

bool is_same_player(const Movement& movement, const WalletTransaction& stored) {
  return movement.player.empty() || movement.player == stored.player;
}

bool is_same_currency(const Movement& movement, const WalletTransaction& stored) {
  return !movement.currency || !stored.currency || *movement.currency == *stored.currency;
}

/// Whether it is a rollback that found no debit, and may have meant this one.
bool is_tombstone_for(const Movement& movement, const WalletTransaction& stored) {
  return stored.kind == Kind::rollback && !stored.target && stored.state != State::failed &&
         (stored.player.empty() || stored.player == movement.player) &&
         is_same_currency(movement, stored);
}

bool stands(const WalletTransaction& stored) {
  return stored.state == State::success || stored.state == State::pending;
}

/// How well a debit fits a ref that does not name it exactly; among equals the newest is meant.
int rank(const Movement& movement, const WalletTransaction& debit) {
  return (is_same_currency(movement, debit) ? 2 : 0) + (stands(debit) ? 1 : 0);
}

void offer_debit(Known& known, const Movement& movement, const WalletTransaction& stored) {
  if (known.debit && known.debit->player != stored.player) known.has_several_owners = true;
  if (!known.debit || rank(movement, stored) > rank(movement, *known.debit)) known.debit = stored;
}

/// What one movement of the same ref, of this player or of none, has to say.
void take_in(Known& known, const Movement& movement, const WalletTransaction& stored) {
  switch (stored.kind) {
    case Kind::debit:
      if (stored.state != State::failed && !known.is_named_exactly)
        offer_debit(known, movement, stored);
      break;
    case Kind::credit:
      if (movement.kind == Kind::rollback && stands(stored) && is_same_currency(movement, stored))
        known.names_credit = true;
      break;
    case Kind::rollback:
      if (movement.kind != Kind::rollback && is_tombstone_for(movement, stored))
        known.has_tombstone = true;
      break;
  }
}

Result<void> look_at_ref(sql::Tx& tx, PartnerId partner, const Movement& movement, Timestamp now,
                         Known& known) {
  const store::RefOf which{partner, movement.ref, movement.player};
  const Timestamp oldest_signature = now.plus_us(-signature_lifetime_us);
  int looked_at = 0;
  TRY(store::visit_by_ref(tx, which, max_looked_at, [&](const WalletTransaction& stored) {
    // Whatever the route: the body, and so the ref, is the same.
    if (stored.signature == movement.signature && stored.created_at >= oldest_signature)
      known.is_signature_replay = true;
    take_in(known, movement, stored);
    ++looked_at;
    return true;
  }));
  if (looked_at >= max_looked_at && !known.is_signature_replay)
    known.is_signature_replay =
        TRY(store::has_signature(tx, which, movement.signature, oldest_signature));
  return {};
}

/// A rollback may name a debit by the partner's key for it, before that debit arrives.
Result<void> look_for_tombstone_of_key(sql::Tx& tx, PartnerId partner, const Movement& movement,
                                       Known& known) {
  if (movement.kind != Kind::debit || movement.key == movement.ref) return {};
  return store::visit_by_ref(tx, {partner, movement.key, movement.player}, max_looked_at,
                             [&](const WalletTransaction& stored) {
                               known.has_tombstone =
                                   known.has_tombstone || is_tombstone_for(movement, stored);
                               return !known.has_tombstone;
                             });
}

/// Our ids are ours alone. A key of the partner may be what another player's round is called: it
/// names a movement of the same player.
Result<void> look_for_exact_name(sql::Tx& tx, PartnerId partner, const Movement& movement,
                                 Known& known) {
  if (movement.kind == Kind::debit) return {};
  if (const auto id = WalletTransactionId::parse(movement.ref)) {
    known.debit = TRY(store::find(tx, partner, *id));
  }
  const auto of_key = [&](Kind kind) -> Result<std::optional<WalletTransaction>> {
    auto found = TRY(store::find_by_key(tx, partner, kind, movement.ref));
    if (found && !is_same_player(movement, *found)) found.reset();
    return found;
  };
  if (!known.debit) known.debit = TRY(of_key(Kind::debit));
  known.is_named_exactly = known.debit.has_value();
  if (known.is_named_exactly || movement.kind != Kind::rollback) return {};
  const auto credit = TRY(of_key(Kind::credit));
  known.names_credit = credit && stands(*credit);
  return {};
}

Error conflict(std::string detail) { return {errors::transaction_conflict, std::move(detail)}; }

Error undone() {
  return {errors::already_rolled_back, "a rollback of this debit came before; it stays undone"};
}

std::optional<Error> misfit(const Movement& movement, const WalletTransaction& debit) {
  if (debit.kind != Kind::debit) return conflict("refId must name a debit");
  if (!is_same_player(movement, debit)) return conflict("the debit is another player's");
  if (!is_same_currency(movement, debit)) return conflict("the debit has another currency");
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
  if (!known.debit && known.names_credit)
    return refusal(conflict("refId names a credit; only a debit is rolled back"));
  if (!known.debit) return {Verdict::Action::move, {}, movement.currency, 0, {}};  // A tombstone.
  if (known.has_several_owners)
    return refusal(conflict("bets of several players have this refId; name the player"));
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
  if (known.same_key) return known;  // A replay or a mismatch: nothing else is read.
  TRY(look_for_exact_name(tx, partner, movement, known));
  TRY(look_at_ref(tx, partner, movement, now, known));
  TRY(look_for_tombstone_of_key(tx, partner, movement, known));
  return known;
}

Verdict judge(const Movement& movement, const Known& known) {
  if (known.same_key) {
    if (known.same_key->request == movement.request ||
        known.same_key->request == movement.raw_request)
      return {Verdict::Action::replay, {}, {}, 0, {}};
    return {Verdict::Action::refuse,
            Error{idempotency::errors::idempotency_mismatch,
                  "this Idempotency-Key was used with another request; use a new key"},
            {},
            0,
            {}};
  }
  if (known.is_signature_replay) {
    return refusal({errors::signature_replayed,
                    "this signed call came before, to another route or under another "
                    "Idempotency-Key"});
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
