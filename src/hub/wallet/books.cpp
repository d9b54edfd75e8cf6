#include "hub/wallet/books.h"

#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/ledger_service.h"

namespace florin::hub::books {
namespace {

using ledger::Account;
using ledger::AccountRef;
using ledger::AccountType;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string escaped(std::string_view player) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : player) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'@', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string joined(std::string_view head, const Partner& partner, std::string_view middle,
                   const Currency& currency) {
  std::string code(head);
  code.append(partner.code).append(middle).append(currency.code());
  return code;
}

std::string code_of(const Partner& partner, const WalletTransaction& transaction, Holder holder) {
  switch (holder) {
    case Holder::wallet:
      return wallet_code(partner, transaction.player, *transaction.currency);
    case Holder::operator_wallet:
      return operator_code(partner, *transaction.currency);
    case Holder::suspense:
      break;
  }
  return suspense_code(partner, *transaction.currency);
}

std::string actor_of(const Partner& partner) { return "partner:" + partner.code; }

Result<void> open_unless_there(sql::Tx& tx, ledger::LedgerService& ledger, const Partner& partner,
                               const Account& wanted) {
  const auto opened = ledger.open_account(tx, {partner.tenant, actor_of(partner), {}}, wanted);
  if (!opened && opened.error().code != ledger::errors::account_exists) return opened.error();
  return {};
}

}  // namespace

std::string wallet_code(const Partner& partner, std::string_view player, const Currency& currency) {
  return joined("player:", partner, ":" + escaped(player) + ":", currency);
}
std::string operator_code(const Partner& partner, const Currency& currency) {
  return joined("operator:", partner, ":", currency);
}
std::string games_code(const Partner& partner, const Currency& currency) {
  return joined("hub:", partner, ":games:", currency);
}
std::string suspense_code(const Partner& partner, const Currency& currency) {
  return joined("hub:", partner, ":suspense:", currency);
}

ledger::Command command_of(const Partner& partner, const WalletTransaction& transaction,
                           Holder holder, std::string_view request_id) {
  AccountRef held{{}, code_of(partner, transaction, holder)};
  AccountRef games{{}, games_code(partner, *transaction.currency)};
  const bool takes = transaction.kind == Kind::debit;
  ledger::PostTransfer transfer;
  transfer.postings.push_back({takes ? held : games,
                               takes ? games : held,
                               {transaction.amount_minor, *transaction.currency}});
  transfer.details.reference = transaction.id.str();
  ledger::Command command;
  command.actor = {partner.tenant, actor_of(partner), std::string(request_id)};
  command.body = std::move(transfer);
  return command;
}

Result<void> open_missing(sql::Tx& tx, ledger::LedgerService& ledger, const Partner& partner,
                          const WalletTransaction& transaction, Holder holder, bool with_wallet) {
  const Currency currency = *transaction.currency;
  TRY(open_unless_there(tx, ledger, partner,
                        Account::without_bounds(partner.tenant, games_code(partner, currency),
                                                AccountType::liability, currency)));
  const std::string code = code_of(partner, transaction, holder);
  switch (holder) {
    case Holder::wallet:
      if (!with_wallet) return {};
      return open_unless_there(tx, ledger, partner,
                               Account::wallet(partner.tenant, code, currency));
    case Holder::operator_wallet:
      return open_unless_there(
          tx, ledger, partner,
          Account::without_bounds(partner.tenant, code, AccountType::asset, currency));
    case Holder::suspense:
      break;
  }
  return open_unless_there(
      tx, ledger, partner,
      Account::without_bounds(partner.tenant, code, AccountType::liability, currency));
}

Result<ledger::Account> open_wallet(sql::Tx& tx, ledger::LedgerService& ledger,
                                    const Partner& partner, std::string_view player,
                                    const Currency& currency, const Actor& origin) {
  return ledger.open_account(
      tx, origin,
      Account::wallet(partner.tenant, wallet_code(partner, player, currency), currency));
}

}  // namespace florin::hub::books
