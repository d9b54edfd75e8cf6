#pragma once
#include <optional>

#include "base/result.h"
#include "hub/hub.h"

namespace florin::sql {
class Tx;
}

/// What a movement may do, given what is stored: rules 1 to 6 of the Operator wallet contract, the
/// same for both wallet modes.
namespace florin::hub::rules {

/// What is stored that a movement is judged by.
struct Known {
  std::optional<WalletTransaction> same_key;
  /// The debit that its ref names: by our id, by the partner's key for a bet of this player, or
  /// else the player's newest with this ref (one in its currency before others, then one that still
  /// stands before one that is undone).
  std::optional<WalletTransaction> debit;
  bool is_named_exactly = false;    ///< By id or key: then everything must fit it.
  bool has_several_owners = false;  ///< It names no player, and bets of several have this ref.
  /// Of a rollback: its ref names a credit.
  bool names_credit = false;
  /// A rollback that found no debit has named this one (of a debit), or its debit (of a credit):
  /// the same player and currency, or none.
  bool has_tombstone = false;
  bool is_signature_replay = false;  ///< The same signed call came as another movement.
};

/// Reads it. `now` bounds how far back a signature could still be valid.
Result<Known> look_up(sql::Tx& tx, PartnerId partner, const Movement& movement, Timestamp now);

struct Verdict {
  enum class Action : std::uint8_t {
    replay,  ///< Answer as the stored one was answered.
    refuse,  ///< Answer with the error; store nothing, the key stays free.
    fail,    ///< Answer with the error and store it under the key.
    move     ///< Move `amount` (zero moves nothing) and store it.
  };
  Action action = Action::move;
  std::optional<Error> error;
  std::optional<Currency> currency;  ///< None for a rollback without debit and currency.
  std::int64_t amount_minor = 0;
  std::optional<WalletTransaction> debit;  ///< That it settles or undoes.
};

Verdict judge(const Movement& movement, const Known& known);

/// What an error found later means for the key: as judge() would say.
Verdict refusal(Error error);

}  // namespace florin::hub::rules
