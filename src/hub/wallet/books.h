#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "hub/hub.h"
#include "ledger/ledger.h"

namespace florin::ledger {
class LedgerService;
}
namespace florin::sql {
class Tx;
}

/// The hub's accounts in the ledger, and what a movement posts on them.
///
///   player:<partner>:<player>:<CUR>   liability, min 0   what we owe a player (internal mode)
///   operator:<partner>:<CUR>          asset              what the Operator owes us for its players
///   hub:<partner>:games:<CUR>         liability          stakes less winnings: the games' result
///   hub:<partner>:suspense:<CUR>      liability          winnings that a wallet could not take
///
/// A debit moves from the holder of the money to the games; a credit and a rollback the other way.
namespace florin::hub::books {

/// Bytes of a player's id that an account code cannot hold are written as '@' and two hex digits.
std::string wallet_code(const Partner& partner, std::string_view player, const Currency& currency);
std::string operator_code(const Partner& partner, const Currency& currency);
std::string games_code(const Partner& partner, const Currency& currency);
std::string suspense_code(const Partner& partner, const Currency& currency);

/// Where a movement takes money from or brings it to.
enum class Holder : std::uint8_t { wallet, operator_wallet, suspense };

/// The ledger's command for a movement of more than zero.
ledger::Command command_of(const Partner& partner, const WalletTransaction& transaction,
                           Holder holder, std::string_view request_id);

/// Opens those accounts of the command that are missing; `with_wallet` tells whether a missing
/// wallet is one of them (a debit does not open it: there is nothing to take).
Result<void> open_missing(sql::Tx& tx, ledger::LedgerService& ledger, const Partner& partner,
                          const WalletTransaction& transaction, Holder holder, bool with_wallet);

/// Opens a player's wallet. Errors: account_exists.
Result<ledger::Account> open_wallet(sql::Tx& tx, ledger::LedgerService& ledger,
                                    const Partner& partner, std::string_view player,
                                    const Currency& currency, const Actor& origin);

}  // namespace florin::hub::books
