#include "hub/wallet/resolver.h"

#include <utility>
#include <vector>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/operator_wallet.h"
#include "hub/wallet/store.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace florin::hub {
namespace {

using operators::Answer;
using operators::Call;
using operators::Meaning;

constexpr int at_once = 200;
/// Longer than any call with its attempts; a node that dies meanwhile delays by no more.
constexpr std::int64_t lease_s = 120;

Call query_of(const WalletTransaction& debit) {
  Call call = call_of(debit);
  call.operation = operators::Operation::query;
  return call;
}

/// Source: operator-wallet contract, 2.3: "rb-" and the debit's id.
Call undoing(const WalletTransaction& debit) {
  Call call = call_of(debit);
  call.operation = operators::Operation::rollback;
  call.ref_id = call.transaction_id;
  call.transaction_id = "rb-" + call.transaction_id;
  return call;
}

bool is_other_amount(const WalletTransaction& debit, const Answer& answer) {
  return answer.amount_minor && *answer.amount_minor != debit.amount_minor;
}

}  // namespace

struct Resolver::Impl {
  sql::Database& database;
  const Clock& clock;
  Partners& partners;
  operators::OperatorClient& client;
  Settlement& settlement;
  metrics::Gauge& pending;
  metrics::Gauge& stuck;

  void settle(const PartnerPtr& partner, const WalletTransaction& transaction,
              Resolution resolution) {
    settlement.submit(partner, transaction.id, std::move(resolution),
                      [id = transaction.id](const Result<MovementResult>& settled) {
                        if (settled) return;
                        log::warn(
                            "a pending wallet transaction could not be settled",
                            {{"transaction_id", id.str()}, {"code", settled.error().code.name}});
                      });
  }

  void resolve(const PartnerPtr& partner, const WalletTransaction& transaction) {
    if (transaction.kind == Kind::debit) return ask(partner, transaction);
    client.call(operators::Target::of(*partner), call_of(transaction),
                [this, partner, transaction](Answer answer) {
                  settle(partner, transaction, {Resolution::Kind::answered, std::move(answer)});
                });
  }

  void ask(const PartnerPtr& partner, const WalletTransaction& debit) {
    client.call(operators::Target::of(*partner), query_of(debit),
                [this, partner, debit](Answer answer) {
                  if (answer.meaning == Meaning::not_sent)
                    return settle(partner, debit,
                                  {Resolution::Kind::answered, as_unknown(std::move(answer))});
                  if (answer.meaning != Meaning::done) return undo(partner, debit);
                  if (is_other_amount(debit, answer)) {
                    answer.detail = "the Operator has booked another amount";
                    return settle(partner, debit, {Resolution::Kind::stuck, std::move(answer)});
                  }
                  const auto kind =
                      answer.is_rolled_back ? Resolution::Kind::undone : Resolution::Kind::answered;
                  settle(partner, debit, {kind, std::move(answer)});
                });
  }

  void undo(const PartnerPtr& partner, const WalletTransaction& debit) {
    client.call(
        operators::Target::of(*partner), undoing(debit), [this, partner, debit](Answer answer) {
          const bool is_undone_already =
              answer.refusal && answer.refusal->code == errors::already_rolled_back;
          if (answer.meaning == Meaning::done || is_undone_already)
            return settle(partner, debit, {Resolution::Kind::undone, std::move(answer)});
          if (answer.meaning == Meaning::refused)
            return settle(partner, debit, {Resolution::Kind::stuck, std::move(answer)});
          settle(partner, debit, {Resolution::Kind::answered, as_unknown(std::move(answer))});
        });
  }

  /// The question did not reach the Operator, but the debit may have, before.
  static Answer as_unknown(Answer answer) {
    answer.meaning = Meaning::unknown;
    return answer;
  }
};

Resolver::Resolver(sql::Database& database, const Clock& clock, Partners& partners,
                   operators::OperatorClient& client, Settlement& settlement,
                   metrics::Registry& metrics)
    : impl_(new Impl{database, clock, partners, client, settlement,
                     metrics.gauge("florin_hub_pending_transactions",
                                   "Wallet transactions whose outcome is not known yet."),
                     metrics.gauge("florin_hub_stuck_transactions",
                                   "Pending ones that the resolver has given up on.")}) {}
Resolver::~Resolver() = default;

Result<std::string> Resolver::run() {
  const Timestamp now = impl_->clock.now();
  const auto due =
      TRY(impl_->database.read([&](sql::Tx& tx) { return store::find_due(tx, now, at_once); }));
  if (due.empty()) return std::string();
  TRY(impl_->database.write(
      [&](sql::Tx& tx) { return store::postpone(tx, due, now.plus_seconds(lease_s)); }));
  for (const WalletTransaction& transaction : due) {
    if (const PartnerPtr partner = impl_->partners.by_id(transaction.partner))
      impl_->resolve(partner, transaction);
  }
  return std::to_string(due.size()) + " pending wallet transactions checked";
}

Result<std::string> Resolver::measure() {
  const auto counts =
      TRY(impl_->database.read([](sql::Tx& tx) { return store::count_pending(tx); }));
  impl_->pending.set(static_cast<double>(counts.pending));
  impl_->stuck.set(static_cast<double>(counts.stuck));
  return std::string();
}

std::int64_t Resolver::pending() const { return static_cast<std::int64_t>(impl_->pending.value()); }
std::int64_t Resolver::stuck() const { return static_cast<std::int64_t>(impl_->stuck.value()); }

}  // namespace florin::hub
