#include "hub/wallet/settlement.h"

#include <span>
#include <string>
#include <utility>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/books.h"
#include "hub/wallet/movement_batcher.h"
#include "hub/wallet/store.h"
#include "ledger/errors.h"
#include "ledger/ledger_service.h"
#include "platform/sql/batcher.h"

namespace florin::hub {
namespace {

using operators::Meaning;

constexpr std::int64_t minute_s = 60;
constexpr std::int64_t hour_s = 60 * minute_s;
constexpr std::int64_t give_up_after_s = 72 * hour_s;

/// A young transaction is checked often: its game waits. Source: operator-wallet contract, 2.3.
std::int64_t pause_s(std::int64_t age_s) {
  if (age_s < minute_s) return 5;
  if (age_s < 10 * minute_s) return 30;
  return age_s < 2 * hour_s ? 5 * minute_s : 30 * minute_s;
}

Error no_transaction() {
  return {errors::wallet_transaction_not_found, "there is no wallet transaction of this id"};
}

Error unreachable(const operators::Answer& answer) {
  std::string detail = "the Operator cannot be reached, and nothing was sent to it";
  if (!answer.detail.empty()) detail += ": " + answer.detail;
  return {errors::operator_unavailable, std::move(detail), {}, 1};
}

Error undone() {
  return {errors::already_rolled_back,
          "the debit was rolled back, because its outcome at the Operator was not clear in time"};
}

/// A rollback of a debit that is undone has nothing left to do.
bool is_undone_already(const WalletTransaction& row, const operators::Answer& answer) {
  return row.kind == Kind::rollback && answer.refusal->code == errors::already_rolled_back;
}

/// The Operator does not undo a debit that a credit has settled (rule 5 of its contract). When such
/// a credit went through us, this word tells that it has booked the debit, too.
bool is_settled_there(const WalletTransaction& row, const operators::Answer& answer) {
  return row.kind == Kind::debit && row.credits > 0 && answer.refusal &&
         answer.refusal->code == errors::transaction_conflict;
}

/// Why its outcome is unknown; for people.
std::string reason_of(const operators::Answer& answer) {
  constexpr std::size_t longest = 500;
  if (answer.refusal) return answer.refusal->detail.substr(0, longest);
  if (!answer.detail.empty()) return answer.detail.substr(0, longest);
  return answer.meaning == Meaning::not_found ? "the Operator does not know it"
                                              : "the Operator has not told its outcome";
}

struct PendingResolution {
  PartnerPtr partner;
  WalletTransactionId id;
  Resolution resolution;
  std::optional<Result<MovementResult>> outcome = {};
};

}  // namespace

struct Settlement::Impl {
  const Clock& clock;
  ledger::LedgerService& ledger;
  TransactionLog log;
  sql::Batcher<PendingResolution, Done> batcher;

  Impl(sql::Database& database, const Clock& time, ledger::LedgerService& books,
       events::EventLog& events)
      : clock(time),
        ledger(books),
        log(events),
        batcher(
            database,
            [this](sql::Tx& tx, std::span<PendingResolution> batch) { return run(tx, batch); },
            [](PendingResolution& one, Done& done, const Result<void>& committed) {
              done(committed ? *std::move(one.outcome) : Result<MovementResult>(committed.error()));
            }) {}

  Result<void> run(sql::Tx& tx, std::span<PendingResolution> batch);
  Result<MovementResult> conclude(sql::Tx& tx, const Partner& partner, WalletTransactionId id,
                                  const Resolution& resolution, const Actor& actor);
  Result<void> end(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                   const Resolution& resolution, const Actor& actor);
  Result<void> complete(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                        const operators::Answer& answer, const Actor& actor);
  /// Gives the ledger's refusal, if it has one.
  Result<std::optional<Error>> post(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                    const Actor& actor);
  Result<void> undo(sql::Tx& tx, const Partner& partner, WalletTransaction& debit,
                    const Actor& actor);
  Result<void> wait_on(sql::Tx& tx, WalletTransaction& row, const operators::Answer& answer,
                       const Partner& partner, const Actor& actor);
};

Result<void> Settlement::Impl::run(sql::Tx& tx, std::span<PendingResolution> batch) {
  for (PendingResolution& one : batch) {
    const Partner& partner = one.partner->partner;
    auto settled = conclude(tx, partner, one.id, one.resolution, actor_of(partner));
    // Only a fault of the database undoes the batch; the other errors are answers.
    if (!settled && settled.error().code != errors::operator_unavailable &&
        settled.error().code != errors::wallet_transaction_not_found)
      return std::move(settled).error();
    one.outcome = std::move(settled);
  }
  return {};
}

Result<MovementResult> Settlement::Impl::conclude(sql::Tx& tx, const Partner& partner,
                                                  WalletTransactionId id,
                                                  const Resolution& resolution,
                                                  const Actor& actor) {
  auto found = TRY(store::find(tx, partner.id, id));
  if (!found) return no_transaction();
  if (found->state != State::pending) return MovementResult{*std::move(found), false};
  const bool never_left = resolution.kind == Resolution::Kind::answered &&
                          resolution.answer.meaning == Meaning::not_sent;
  if (never_left && found->kind == Kind::debit && found->operator_attempts == 0) {
    TRY(store::remove(tx, id));
    return unreachable(resolution.answer);
  }
  found->updated_at = clock.now();
  TRY(end(tx, partner, *found, resolution, actor));
  return MovementResult{*std::move(found), false};
}

Result<void> Settlement::Impl::end(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                   const Resolution& resolution, const Actor& actor) {
  row.operator_attempts += resolution.answer.attempts;
  row.is_stuck =
      resolution.kind == Resolution::Kind::stuck && !is_settled_there(row, resolution.answer);
  row.next_check.reset();
  row.pending_reason.clear();
  if (resolution.kind == Resolution::Kind::undone) return undo(tx, partner, row, actor);
  if (row.is_stuck) {
    row.pending_reason = reason_of(resolution.answer);
    return log.change(tx, partner, row, actor);
  }
  if (resolution.kind == Resolution::Kind::stuck)
    return complete(tx, partner, row, resolution.answer, actor);
  switch (resolution.answer.meaning) {
    case Meaning::done:
      return complete(tx, partner, row, resolution.answer, actor);
    case Meaning::refused:
      if (is_undone_already(row, resolution.answer))
        return complete(tx, partner, row, resolution.answer, actor);
      row.state = State::failed;
      remember_refusal(row, *resolution.answer.refusal);
      return log.change(tx, partner, row, actor);
    case Meaning::not_found:
    case Meaning::unknown:
    case Meaning::not_sent:
      break;
  }
  return wait_on(tx, row, resolution.answer, partner, actor);
}

Result<void> Settlement::Impl::wait_on(sql::Tx& tx, WalletTransaction& row,
                                       const operators::Answer& answer, const Partner& partner,
                                       const Actor& actor) {
  row.pending_reason = reason_of(answer);
  const std::int64_t age_s = (row.updated_at.us - row.created_at.us) / 1'000'000;
  row.is_stuck = age_s >= give_up_after_s;
  if (!row.is_stuck) row.next_check = row.updated_at.plus_seconds(pause_s(age_s));
  if (!answer.reference.empty()) row.operator_reference = answer.reference;
  return log.change(tx, partner, row, actor);
}

/// The debit that the movement names is read as it is now: it may have ended meanwhile.
Result<void> Settlement::Impl::complete(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                        const operators::Answer& answer, const Actor& actor) {
  row.state = State::success;
  row.balance_minor = answer.balance_minor;
  if (!answer.reference.empty()) row.operator_reference = answer.reference;
  auto debit = row.target ? TRY(store::find(tx, partner.id, row.target)) : std::nullopt;
  const bool is_rollback = row.kind == Kind::rollback;
  const bool moves = !is_rollback || (debit && debit->state == State::success);
  const auto refusal =
      moves && row.amount_minor > 0 ? TRY(post(tx, partner, row, actor)) : std::nullopt;
  if (refusal) {
    // Booked at the Operator, but somebody has frozen or closed the account of ours that mirrors
    // it.
    row.state = State::pending;
    row.is_stuck = true;
    row.pending_reason =
        "the Operator has booked it, and our ledger refuses it: " + refusal->detail;
    return log.change(tx, partner, row, actor);
  }
  TRY(log.change(tx, partner, row, actor));
  if (!debit) return {};
  if (is_rollback && debit->state == State::pending) {
    debit->updated_at = row.updated_at;
    debit->next_check.reset();
    return undo(tx, partner, *debit, actor);
  }
  return apply_to_debit(tx, log, partner, row, *debit);
}

Result<std::optional<Error>> Settlement::Impl::post(sql::Tx& tx, const Partner& partner,
                                                    WalletTransaction& row, const Actor& actor) {
  const auto command =
      books::command_of(partner, row, books::Holder::operator_wallet, actor.request_id);
  ledger::Outcome outcome = TRY(ledger.post(tx, command));
  const auto* refusal = std::get_if<Error>(&outcome);
  if (refusal && refusal->code == ledger::errors::account_not_found) {
    TRY(books::open_missing(tx, ledger, partner, row, books::Holder::operator_wallet, false));
    outcome = TRY(ledger.post(tx, command));
  }
  if (const auto* error = std::get_if<Error>(&outcome)) return std::optional(*error);
  row.transfer = std::get<ledger::Transfer>(outcome).id.value;
  return std::optional<Error>();
}

/// The debit was never answered with success: from now on its key is answered with this refusal.
Result<void> Settlement::Impl::undo(sql::Tx& tx, const Partner& partner, WalletTransaction& debit,
                                    const Actor& actor) {
  debit.state = State::rolled_back;
  remember_refusal(debit, undone());
  return log.change(tx, partner, debit, actor);
}

// ---------------------------------------------------------------- facade

Settlement::Settlement(sql::Database& database, const Clock& clock, ledger::LedgerService& ledger,
                       events::EventLog& events)
    : impl_(new Impl(database, clock, ledger, events)) {}
Settlement::~Settlement() = default;

void Settlement::submit(PartnerPtr partner, WalletTransactionId id, Resolution resolution,
                        Done done) {
  PendingResolution one{std::move(partner), id, std::move(resolution)};
  if (!impl_->batcher.submit(one, done))
    done(Error{errors::hub_busy, "too many movements are waiting", {}, 1});
}

Result<MovementResult> Settlement::conclude(sql::Tx& tx, const Partner& partner,
                                            WalletTransactionId id, const Resolution& resolution,
                                            const Actor& actor) {
  return impl_->conclude(tx, partner, id, resolution, actor);
}

}  // namespace florin::hub
