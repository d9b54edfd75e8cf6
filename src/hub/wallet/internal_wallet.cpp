#include "hub/wallet/internal_wallet.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/wallet/books.h"
#include "hub/wallet/intake.h"
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
  Intake intake;

  Impl(sql::Database& database, const Clock& clock, IdGenerator& ids, ledger::LedgerService& books,
       events::EventLog& events)
      : ledger(books),
        intake(
            {database, clock, ids, events},
            [this](sql::Tx& tx, std::span<Planned> planned) { return move(tx, planned); },
            [](Item&, Done& done, Result<Settled> outcome) { done(std::move(outcome)); }) {}

  Result<void> move(sql::Tx& tx, std::span<Planned> planned);
  Result<void> settle(sql::Tx& tx, Planned& planned, ledger::Posted posted);
  Result<void> settle_without_money(sql::Tx& tx, Planned& planned);
  Result<ledger::Posted> try_again(sql::Tx& tx, Planned& planned, const Error& refusal);
  Result<ledger::Posted> post(sql::Tx& tx, Planned& planned, books::Holder holder);
  Result<std::optional<ledger::Account>> find_wallet(sql::Tx& tx, const Planned& planned);
};

Result<void> InternalWallet::Impl::move(sql::Tx& tx, std::span<Planned> planned) {
  std::vector<ledger::Command> commands;
  std::vector<Planned*> moving;
  commands.reserve(planned.size());
  for (Planned& next : planned) {
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

Result<void> InternalWallet::Impl::settle(sql::Tx& tx, Planned& planned, ledger::Posted posted) {
  if (const auto* refusal = std::get_if<Error>(&posted.outcome))
    posted = TRY(try_again(tx, planned, *refusal));
  if (const auto* refusal = std::get_if<Error>(&posted.outcome)) {
    intake.fail(planned, as_wallet_error(*refusal));
    return {};
  }
  planned.row.transfer = std::get<ledger::Transfer>(posted.outcome).id.value;
  const ledger::PostingBalances& after = posted.balances.front();
  planned.row.balance_minor = planned.row.kind == Kind::debit ? after.debit : after.credit;
  return {};
}

/// A first movement finds no accounts; a credit must come to rest even where its wallet is shut.
Result<ledger::Posted> InternalWallet::Impl::try_again(sql::Tx& tx, Planned& planned,
                                                       const Error& refusal) {
  const bool brings = planned.row.kind != Kind::debit;
  if (refusal.code == ledger::errors::account_not_found) {
    TRY(books::open_missing(tx, ledger, planned.partner(), planned.row, books::Holder::wallet,
                            brings));
    return post(tx, planned, books::Holder::wallet);
  }
  const bool cannot_take =
      is_shut(refusal) || refusal.code == ledger::errors::balance_limit_exceeded;
  if (!brings || !cannot_take) return ledger::Posted{refusal, {}};
  TRY(books::open_missing(tx, ledger, planned.partner(), planned.row, books::Holder::suspense,
                          false));
  ledger::Posted posted = TRY(post(tx, planned, books::Holder::suspense));
  const auto wallet = TRY(find_wallet(tx, planned));
  if (wallet && !posted.balances.empty())
    posted.balances.front().credit = ledger::balance_of(wallet->type, wallet->sums);
  return posted;
}

Result<ledger::Posted> InternalWallet::Impl::post(sql::Tx& tx, Planned& planned,
                                                  books::Holder holder) {
  std::vector<ledger::Command> commands{
      books::command_of(planned.partner(), planned.row, holder, planned.item->movement.request_id)};
  std::vector<ledger::Posted> posted = TRY(ledger.post_all(tx, std::move(commands)));
  return std::move(posted.front());
}

/// A bet or a win of zero is legal; only a blocked player's bet is not.
Result<void> InternalWallet::Impl::settle_without_money(sql::Tx& tx, Planned& planned) {
  if (!planned.row.currency) return {};
  const auto wallet = TRY(find_wallet(tx, planned));
  if (!wallet) return {};
  if (planned.row.kind == Kind::debit && (wallet->frozen || wallet->closed)) {
    intake.fail(planned, {errors::player_blocked, "the player's wallet is frozen or closed"});
    return {};
  }
  planned.row.balance_minor = ledger::balance_of(wallet->type, wallet->sums);
  return {};
}

Result<std::optional<ledger::Account>> InternalWallet::Impl::find_wallet(sql::Tx& tx,
                                                                         const Planned& planned) {
  const Partner& partner = planned.partner();
  return ledger.find_account(
      tx, partner.tenant,
      {{}, books::wallet_code(partner, planned.row.player, *planned.row.currency)});
}

InternalWallet::InternalWallet(sql::Database& database, const Clock& clock, IdGenerator& ids,
                               ledger::LedgerService& ledger, events::EventLog& events)
    : impl_(new Impl(database, clock, ids, ledger, events)) {}
InternalWallet::~InternalWallet() = default;

void InternalWallet::submit(PartnerPtr partner, Movement movement, Done done) {
  impl_->intake.submit(std::move(partner), std::move(movement), std::move(done));
}

}  // namespace florin::hub
