#include "hub/wallet/settlement.h"

#include <span>
#include <string>
#include <utility>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/answers.h"
#include "hub/wallet/books.h"
#include "hub/wallet/intake.h"
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

/// A young transaction is looked at often: its game waits. Source: operator-wallet contract, 2.3.
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

/// Why it is not known what became of it; for people.
std::string reason_of(const operators::Answer& answer) {
  constexpr std::size_t longest = 500;
  if (answer.refusal) return answer.refusal->detail.substr(0, longest);
  if (!answer.detail.empty()) return answer.detail.substr(0, longest);
  return answer.meaning == Meaning::not_found ? "the Operator does not know it"
                                              : "the Operator has not told its outcome";
}

struct Case {
  PartnerPtr partner;
  WalletTransactionId id;
  Finding finding;
  std::optional<Result<Settled>> outcome = {};
};

}  // namespace

struct Settlement::Impl {
  const Clock& clock;
  ledger::LedgerService& ledger;
  TransactionLog log;
  sql::Batcher<Case, Done> batcher;

  Impl(sql::Database& database, const Clock& time, ledger::LedgerService& books,
       events::EventLog& events)
      : clock(time),
        ledger(books),
        log(events),
        batcher(
            database, [this](sql::Tx& tx, std::span<Case> batch) { return run(tx, batch); },
            [](Case& one, Done& done, const Result<void>& committed) {
              done(committed ? *std::move(one.outcome) : Result<Settled>(committed.error()));
            }) {}

  Result<void> run(sql::Tx& tx, std::span<Case> batch);
  Result<Settled> conclude(sql::Tx& tx, const Partner& partner, WalletTransactionId id,
                           const Finding& finding, const Author& author);
  Result<void> end(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                   const Finding& finding, const Author& author);
  Result<void> complete(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                        const operators::Answer& answer, const Author& author);
  /// Gives the ledger's refusal, if it has one.
  Result<std::optional<Error>> post(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                    const Author& author);
  Result<void> undo(sql::Tx& tx, const Partner& partner, WalletTransaction& debit,
                    const Author& author);
  Result<void> wait_on(sql::Tx& tx, WalletTransaction& row, const operators::Answer& answer,
                       const Partner& partner, const Author& author);
};

Result<void> Settlement::Impl::run(sql::Tx& tx, std::span<Case> batch) {
  for (Case& one : batch) {
    const Partner& partner = one.partner->partner;
    auto settled = conclude(tx, partner, one.id, one.finding, Author::partner(partner));
    // Only a fault of the database undoes the batch; the other errors are answers.
    if (!settled && settled.error().code != errors::operator_unavailable &&
        settled.error().code != errors::wallet_transaction_not_found)
      return std::move(settled).error();
    one.outcome = std::move(settled);
  }
  return {};
}

Result<Settled> Settlement::Impl::conclude(sql::Tx& tx, const Partner& partner,
                                           WalletTransactionId id, const Finding& finding,
                                           const Author& author) {
  auto found = TRY(store::find(tx, partner.id, id));
  if (!found) return no_transaction();
  if (found->state != State::pending) return Settled{*std::move(found), false};
  const bool never_left =
      finding.kind == Finding::Kind::answered && finding.answer.meaning == Meaning::not_sent;
  if (never_left && found->kind == Kind::debit && found->operator_attempts == 0) {
    TRY(store::remove(tx, id));
    return unreachable(finding.answer);
  }
  found->updated_at = clock.now();
  TRY(end(tx, partner, *found, finding, author));
  return Settled{*std::move(found), false};
}

Result<void> Settlement::Impl::end(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                   const Finding& finding, const Author& author) {
  row.operator_attempts += finding.answer.attempts;
  row.is_stuck = finding.kind == Finding::Kind::stuck && !is_settled_there(row, finding.answer);
  row.next_check.reset();
  row.pending_reason.clear();
  if (finding.kind == Finding::Kind::undone) return undo(tx, partner, row, author);
  if (row.is_stuck) {
    row.pending_reason = reason_of(finding.answer);
    return log.change(tx, partner, row, author);
  }
  if (finding.kind == Finding::Kind::stuck)
    return complete(tx, partner, row, finding.answer, author);
  switch (finding.answer.meaning) {
    case Meaning::done:
      return complete(tx, partner, row, finding.answer, author);
    case Meaning::refused:
      if (is_undone_already(row, finding.answer))
        return complete(tx, partner, row, finding.answer, author);
      row.state = State::failed;
      remember_refusal(row, *finding.answer.refusal);
      return log.change(tx, partner, row, author);
    case Meaning::not_found:
    case Meaning::unknown:
    case Meaning::not_sent:
      break;
  }
  return wait_on(tx, row, finding.answer, partner, author);
}

Result<void> Settlement::Impl::wait_on(sql::Tx& tx, WalletTransaction& row,
                                       const operators::Answer& answer, const Partner& partner,
                                       const Author& author) {
  row.pending_reason = reason_of(answer);
  const std::int64_t age_s = (row.updated_at.us - row.created_at.us) / 1'000'000;
  row.is_stuck = age_s >= give_up_after_s;
  if (!row.is_stuck) row.next_check = row.updated_at.plus_seconds(pause_s(age_s));
  if (!answer.reference.empty()) row.operator_reference = answer.reference;
  return log.change(tx, partner, row, author);
}

/// The debit that the movement names is looked at as it is now: it may have ended meanwhile.
Result<void> Settlement::Impl::complete(sql::Tx& tx, const Partner& partner, WalletTransaction& row,
                                        const operators::Answer& answer, const Author& author) {
  row.state = State::success;
  row.balance_minor = answer.balance_minor;
  if (!answer.reference.empty()) row.operator_reference = answer.reference;
  auto debit = row.target ? TRY(store::find(tx, partner.id, row.target)) : std::nullopt;
  const bool is_rollback = row.kind == Kind::rollback;
  const bool moves = !is_rollback || (debit && debit->state == State::success);
  const auto refusal =
      moves && row.amount_minor > 0 ? TRY(post(tx, partner, row, author)) : std::nullopt;
  if (refusal) {
    // Booked at the Operator, but somebody has frozen or closed the account of ours that mirrors
    // it.
    row.state = State::pending;
    row.is_stuck = true;
    row.pending_reason =
        "the Operator has booked it, and our ledger refuses it: " + refusal->detail;
    return log.change(tx, partner, row, author);
  }
  TRY(log.change(tx, partner, row, author));
  if (!debit) return {};
  if (is_rollback && debit->state == State::pending) {
    debit->updated_at = row.updated_at;
    debit->next_check.reset();
    return undo(tx, partner, *debit, author);
  }
  return apply_to_debit(tx, log, partner, row, *debit);
}

Result<std::optional<Error>> Settlement::Impl::post(sql::Tx& tx, const Partner& partner,
                                                    WalletTransaction& row, const Author& author) {
  const auto command =
      books::command_of(partner, row, books::Holder::operator_wallet, author.request_id);
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
                                    const Author& author) {
  debit.state = State::rolled_back;
  remember_refusal(debit, undone());
  return log.change(tx, partner, debit, author);
}

// ---------------------------------------------------------------- facade

Settlement::Settlement(sql::Database& database, const Clock& clock, ledger::LedgerService& ledger,
                       events::EventLog& events)
    : impl_(new Impl(database, clock, ledger, events)) {}
Settlement::~Settlement() = default;

void Settlement::submit(PartnerPtr partner, WalletTransactionId id, Finding finding, Done done) {
  Case one{std::move(partner), id, std::move(finding)};
  if (!impl_->batcher.submit(one, done))
    done(Error{errors::hub_busy, "too many movements are waiting", {}, 1});
}

Result<Settled> Settlement::conclude(sql::Tx& tx, const Partner& partner, WalletTransactionId id,
                                     const Finding& finding, const Author& author) {
  return impl_->conclude(tx, partner, id, finding, author);
}

}  // namespace florin::hub
