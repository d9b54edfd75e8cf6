#include "hub/wallet/internal_wallet.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/books.h"
#include "hub/wallet/movement_batcher.h"
#include "ledger/errors.h"
#include "ledger/ledger_service.h"

namespace florin::hub {
namespace {

bool has_word(const Error& error, std::initializer_list<ErrorCode> codes) {
  for (const ErrorCode& code : codes) {
    if (error.code == code) return true;
  }
  return false;
}

/// A wallet that is there, but shut.
bool is_shut(const Error& error) {
  return has_word(error, {ledger::errors::account_closed, ledger::errors::account_frozen});
}

Error not_enough() {
  return {ledger::errors::insufficient_funds, "the player's wallet does not cover this debit"};
}

/// A refusal of the ledger in the words of the wallet API.
Error as_wallet_error(const Error& error) {
  if (has_word(error, {ledger::errors::insufficient_funds, ledger::errors::account_not_found}))
    return not_enough();
  if (is_shut(error)) return {errors::player_blocked, "the player's wallet is frozen or closed"};
  return error;
}

}  // namespace

struct InternalWallet::Impl {
  ledger::LedgerService& ledger;
  MovementBatcher batcher;

  Impl(sql::Database& database, const Clock& clock, IdGenerator& ids, ledger::LedgerService& books,
       events::EventLog& events)
      : ledger(books),
        batcher(
            {database, clock, ids, events},
            [this](sql::Tx& tx, std::span<JudgedMovement> judged) { return move(tx, judged); },
            [](QueuedMovement&, Done& done, Result<MovementResult> outcome) {
              done(std::move(outcome));
            }) {}

  Result<void> move(sql::Tx& tx, std::span<JudgedMovement> judged);
  Result<void> settle(sql::Tx& tx, JudgedMovement& judged, ledger::Posted posted);
  Result<void> settle_without_money(sql::Tx& tx, JudgedMovement& judged);
  Result<ledger::Posted> try_again(sql::Tx& tx, JudgedMovement& judged, const Error& refusal);
  Result<ledger::Posted> post(sql::Tx& tx, JudgedMovement& judged, books::Holder holder);
  Result<std::optional<ledger::Account>> find_wallet(sql::Tx& tx, const JudgedMovement& judged);
};

Result<void> InternalWallet::Impl::move(sql::Tx& tx, std::span<JudgedMovement> judged) {
  std::vector<ledger::Command> commands;
  std::vector<JudgedMovement*> moving;
  commands.reserve(judged.size());
  for (JudgedMovement& next : judged) {
    if (next.has_failed) continue;
    if (next.row.amount_minor == 0) {
      TRY(settle_without_money(tx, next));
      continue;
    }
    commands.push_back(books::command_of(next.partner(), next.row, books::Holder::wallet,
                                         next.item->movement.request_id));
    moving.push_back(&next);
  }
  if (commands.empty()) return {};
  std::vector<ledger::Posted> posted = TRY(ledger.post_all(tx, std::move(commands)));
  for (std::size_t i = 0; i < moving.size(); ++i) TRY(settle(tx, *moving[i], std::move(posted[i])));
  return {};
}

Result<void> InternalWallet::Impl::settle(sql::Tx& tx, JudgedMovement& judged,
                                          ledger::Posted posted) {
  if (const auto* refusal = std::get_if<Error>(&posted.outcome))
    posted = TRY(try_again(tx, judged, *refusal));
  if (const auto* refusal = std::get_if<Error>(&posted.outcome)) {
    batcher.fail(judged, as_wallet_error(*refusal));
    return {};
  }
  judged.row.transfer = std::get<ledger::Transfer>(posted.outcome).id.value;
  const ledger::PostingBalances& after = posted.balances.front();
  judged.row.balance_minor = judged.row.kind == Kind::debit ? after.debit : after.credit;
  return {};
}

/// A first movement finds no accounts; a credit must be posted even where its wallet is closed.
Result<ledger::Posted> InternalWallet::Impl::try_again(sql::Tx& tx, JudgedMovement& judged,
                                                       const Error& refusal) {
  const bool brings = judged.row.kind != Kind::debit;
  if (refusal.code == ledger::errors::account_not_found) {
    TRY(books::open_missing(tx, ledger, judged.partner(), judged.row, books::Holder::wallet,
                            brings));
    return post(tx, judged, books::Holder::wallet);
  }
  const bool cannot_take =
      is_shut(refusal) || refusal.code == ledger::errors::balance_limit_exceeded;
  if (!brings || !cannot_take) return ledger::Posted{refusal, {}};
  TRY(books::open_missing(tx, ledger, judged.partner(), judged.row, books::Holder::suspense,
                          false));
  ledger::Posted posted = TRY(post(tx, judged, books::Holder::suspense));
  const auto wallet = TRY(find_wallet(tx, judged));
  if (wallet && !posted.balances.empty())
    posted.balances.front().credit = ledger::balance_of(wallet->type, wallet->sums);
  return posted;
}

Result<ledger::Posted> InternalWallet::Impl::post(sql::Tx& tx, JudgedMovement& judged,
                                                  books::Holder holder) {
  std::vector<ledger::Command> commands{
      books::command_of(judged.partner(), judged.row, holder, judged.item->movement.request_id)};
  std::vector<ledger::Posted> posted = TRY(ledger.post_all(tx, std::move(commands)));
  return std::move(posted.front());
}

/// A bet or a win of zero is legal; only a blocked player's bet is not.
Result<void> InternalWallet::Impl::settle_without_money(sql::Tx& tx, JudgedMovement& judged) {
  if (!judged.row.currency) return {};
  const auto wallet = TRY(find_wallet(tx, judged));
  if (!wallet) return {};
  if (judged.row.kind == Kind::debit && (wallet->frozen || wallet->closed)) {
    batcher.fail(judged, {errors::player_blocked, "the player's wallet is frozen or closed"});
    return {};
  }
  judged.row.balance_minor = ledger::balance_of(wallet->type, wallet->sums);
  return {};
}

Result<std::optional<ledger::Account>> InternalWallet::Impl::find_wallet(
    sql::Tx& tx, const JudgedMovement& judged) {
  const Partner& partner = judged.partner();
  return ledger.find_account(
      tx, partner.tenant,
      {{}, books::wallet_code(partner, judged.row.player, *judged.row.currency)});
}

InternalWallet::InternalWallet(sql::Database& database, const Clock& clock, IdGenerator& ids,
                               ledger::LedgerService& ledger, events::EventLog& events)
    : impl_(new Impl(database, clock, ids, ledger, events)) {}
InternalWallet::~InternalWallet() = default;

void InternalWallet::submit(PartnerPtr partner, Movement movement, Done done) {
  impl_->batcher.submit(std::move(partner), std::move(movement), std::move(done));
}

}  // namespace florin::hub
