#include "hub/wallet/operator_wallet.h"

#include <span>
#include <utility>

namespace florin::hub {
namespace {

/// How long a call with all its attempts and pauses may be under way before the resolver asks.
constexpr std::int64_t spare_us = 30'000'000;

std::int64_t max_call_us(const OperatorSettings& settings) {
  return settings.timeout_ms * 1'000 * settings.max_attempts + spare_us;
}

operators::Operation operation_of(Kind kind) {
  switch (kind) {
    case Kind::debit:
      return operators::Operation::debit;
    case Kind::credit:
      return operators::Operation::credit;
    case Kind::rollback:
      break;
  }
  return operators::Operation::rollback;
}

/// A rollback of a debit that never was, or no longer is, at the Operator: every debit goes through
/// us, and one that comes later is refused by what this rollback leaves.
bool ends_here(const JudgedMovement& judged) {
  if (judged.row.kind != Kind::rollback) return false;
  const auto& debit = judged.verdict.debit;
  return !debit || debit->state == State::rolled_back || debit->state == State::failed;
}

}  // namespace

struct OperatorWallet::Impl {
  operators::OperatorClient& client;
  Settlement& settlement;
  MovementBatcher batcher;

  Impl(const MovementBatcher::Parts& parts, operators::OperatorClient& calls, Settlement& ends)
      : client(calls),
        settlement(ends),
        batcher(
            parts,
            [](sql::Tx&, std::span<JudgedMovement> judged) {
              set_out(judged);
              return Result<void>();
            },
            [this](QueuedMovement& item, Done& done, Result<MovementResult> outcome) {
              go_on(item, std::move(done), std::move(outcome));
            }) {}

  static void set_out(std::span<JudgedMovement> judged) {
    for (JudgedMovement& next : judged) {
      if (next.has_failed || ends_here(next)) continue;
      next.row.state = State::pending;
      next.row.next_check =
          next.row.created_at.plus_us(max_call_us(next.partner().operator_settings));
    }
  }

  /// Only a new pending row goes to the Operator; all else is answered.
  void go_on(QueuedMovement& item, Done done, Result<MovementResult> outcome) {
    if (!outcome || outcome->is_replay || outcome->transaction.state != State::pending)
      return done(std::move(outcome));
    const PartnerPtr partner = item.partner;
    const WalletTransactionId id = outcome->transaction.id;
    client.call(operators::Target::of(*partner), call_of(outcome->transaction),
                [this, partner, id, done = std::move(done)](operators::Answer answer) mutable {
                  settlement.submit(partner, id, {Resolution::Kind::answered, std::move(answer)},
                                    std::move(done));
                });
  }
};

OperatorWallet::OperatorWallet(const MovementBatcher::Parts& parts,
                               operators::OperatorClient& client, Settlement& settlement)
    : impl_(new Impl(parts, client, settlement)) {}
OperatorWallet::~OperatorWallet() = default;

void OperatorWallet::submit(PartnerPtr partner, Movement movement, Done done) {
  impl_->batcher.submit(std::move(partner), std::move(movement), std::move(done));
}

operators::Call call_of(const WalletTransaction& transaction) {
  operators::Call call;
  call.operation = operation_of(transaction.kind);
  call.transaction_id = transaction.id.str();
  // The Operator knows the debit by the id that we gave it.
  call.ref_id = transaction.target ? transaction.target.str() : transaction.ref;
  call.player = transaction.player;
  call.currency = transaction.currency;
  if (transaction.currency) call.amount = Money{transaction.amount_minor, *transaction.currency};
  call.meta = transaction.meta;
  return call;
}

}  // namespace florin::hub
