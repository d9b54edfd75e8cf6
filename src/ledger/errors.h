#pragma once
#include "base/error.h"
#include "base/money.h"  // currency_mismatch, amount_overflow

namespace florin::ledger::errors {

using florin::errors::amount_overflow;
using florin::errors::currency_mismatch;

/// The caller's tenant has no account with this id or code.
inline constexpr ErrorCode account_not_found{ErrorKind::not_found, "account_not_found"};
/// An account with this code already exists in the tenant.
inline constexpr ErrorCode account_exists{ErrorKind::conflict, "account_exists"};
/// The account is closed; it accepts no postings.
inline constexpr ErrorCode account_closed{ErrorKind::conflict, "account_closed"};
/// The account is frozen; it accepts no postings until it is unfrozen.
inline constexpr ErrorCode account_frozen{ErrorKind::conflict, "account_frozen"};
/// The account has a balance or open holds and cannot be closed.
inline constexpr ErrorCode account_not_empty{ErrorKind::conflict, "account_not_empty"};
/// Debit and credit of a posting are the same account.
inline constexpr ErrorCode same_account{ErrorKind::invalid, "same_account"};
/// The transfer would take an account's available balance below its min_balance. Nothing was
/// written.
inline constexpr ErrorCode insufficient_funds{ErrorKind::insufficient_funds, "insufficient_funds"};
/// The transfer would raise an account's balance, pending credits included, above its max_balance.
inline constexpr ErrorCode balance_limit_exceeded{ErrorKind::rejected, "balance_limit_exceeded"};
/// The sources are empty, or the limits of the accounts allow no amount.
inline constexpr ErrorCode nothing_to_move{ErrorKind::rejected, "nothing_to_move"};
/// The shares of a split do not add up to the whole amount.
inline constexpr ErrorCode split_mismatch{ErrorKind::rejected, "split_mismatch"};
/// The amount is left to accounts without a limit; give a maximum amount.
inline constexpr ErrorCode unbounded_amount{ErrorKind::rejected, "unbounded_amount"};
/// effective_at must not be in the future.
inline constexpr ErrorCode effective_at_in_future{ErrorKind::invalid, "effective_at_in_future"};
/// A reversal must not take effect before the transfer that it reverses.
inline constexpr ErrorCode effective_at_before_transfer{ErrorKind::invalid,
                                                        "effective_at_before_transfer"};

/// The caller's tenant has no transfer with this id.
inline constexpr ErrorCode transfer_not_found{ErrorKind::not_found, "transfer_not_found"};
/// The transfer was already reversed; the detail names the reversal.
inline constexpr ErrorCode transfer_already_reversed{ErrorKind::conflict,
                                                     "transfer_already_reversed"};

/// The caller's tenant has no hold with this id.
inline constexpr ErrorCode hold_not_found{ErrorKind::not_found, "hold_not_found"};
/// The hold was already captured or released.
inline constexpr ErrorCode hold_not_open{ErrorKind::conflict, "hold_not_open"};
/// The hold has expired and its funds were released.
inline constexpr ErrorCode hold_expired{ErrorKind::conflict, "hold_expired"};
/// The capture exceeds the amount that remains on the hold.
inline constexpr ErrorCode capture_exceeds_hold{ErrorKind::rejected, "capture_exceeds_hold"};
/// A hold with several postings can only be captured in full.
inline constexpr ErrorCode partial_capture_unsupported{ErrorKind::rejected,
                                                       "partial_capture_unsupported"};

/// A transfer of an atomic bulk was rejected, so none was written; `errors` names it. A missing
/// account, hold or transfer keeps its own code and status 404.
inline constexpr ErrorCode bulk_refused{ErrorKind::rejected, "bulk_refused"};
/// A line of the import is malformed or was rejected; the detail gives its number. Earlier lines
/// may have been written and are not written again.
inline constexpr ErrorCode import_line_refused{ErrorKind::invalid, "import_line_refused"};
/// The ledger is shutting down, or its command queue is full. Nothing was written.
inline constexpr ErrorCode ledger_busy{ErrorKind::unavailable, "ledger_busy"};
/// The answer would have too many rows; narrow it with filters.
inline constexpr ErrorCode too_many_rows{ErrorKind::invalid, "too_many_rows"};

}  // namespace florin::ledger::errors
