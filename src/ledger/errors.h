#pragma once
#include "base/error.h"
#include "base/money.h"  // currency_mismatch, amount_overflow

namespace florin::ledger::errors {

using florin::errors::amount_overflow;
using florin::errors::currency_mismatch;

/// No account of this id or code in the caller's tenant.
inline constexpr ErrorCode account_not_found{ErrorKind::not_found, "account_not_found"};
/// An account with this code exists in the tenant.
inline constexpr ErrorCode account_exists{ErrorKind::conflict, "account_exists"};
/// The account is closed: nothing moves on it any more.
inline constexpr ErrorCode account_closed{ErrorKind::conflict, "account_closed"};
/// The account is frozen: nothing moves on it until it is unfrozen.
inline constexpr ErrorCode account_frozen{ErrorKind::conflict, "account_frozen"};
/// The account has a balance or open holds and so cannot be closed.
inline constexpr ErrorCode account_not_empty{ErrorKind::conflict, "account_not_empty"};
/// Debit and credit of a posting name the same account.
inline constexpr ErrorCode same_account{ErrorKind::invalid, "same_account"};
/// The transfer would take an account's available balance below its min_balance. Nothing was
/// written.
inline constexpr ErrorCode insufficient_funds{ErrorKind::rejected, "insufficient_funds"};
/// The transfer would take an account's balance, with what is on its way in, above its max_balance.
inline constexpr ErrorCode balance_limit_exceeded{ErrorKind::rejected, "balance_limit_exceeded"};
/// The sources have nothing, or the accounts that bound the postings leave no room: there is
/// nothing to move.
inline constexpr ErrorCode nothing_to_move{ErrorKind::rejected, "nothing_to_move"};
/// The shares of a split's destinations are more or less than the whole.
inline constexpr ErrorCode split_mismatch{ErrorKind::rejected, "split_mismatch"};
/// An amount was left to accounts that do not bound it; give the most that may move.
inline constexpr ErrorCode unbounded_amount{ErrorKind::rejected, "unbounded_amount"};
/// effective_at lies in the future: a ledger tells what has happened.
inline constexpr ErrorCode effective_at_in_future{ErrorKind::invalid, "effective_at_in_future"};
/// A reversal takes effect before the transfer that it reverses.
inline constexpr ErrorCode effective_at_before_transfer{ErrorKind::invalid,
                                                        "effective_at_before_transfer"};

/// No transfer of this id in the caller's tenant.
inline constexpr ErrorCode transfer_not_found{ErrorKind::not_found, "transfer_not_found"};
/// The transfer has been reversed before; the detail names the reversal.
inline constexpr ErrorCode transfer_already_reversed{ErrorKind::conflict,
                                                     "transfer_already_reversed"};

/// No hold of this id in the caller's tenant.
inline constexpr ErrorCode hold_not_found{ErrorKind::not_found, "hold_not_found"};
/// The hold was captured or released before.
inline constexpr ErrorCode hold_not_open{ErrorKind::conflict, "hold_not_open"};
/// The hold's time is over; the money is free again.
inline constexpr ErrorCode hold_expired{ErrorKind::conflict, "hold_expired"};
/// The capture asks for more than the hold still has.
inline constexpr ErrorCode capture_exceeds_hold{ErrorKind::rejected, "capture_exceeds_hold"};
/// An amount was given for a hold of several postings, which can only be captured whole.
inline constexpr ErrorCode partial_capture_unsupported{ErrorKind::rejected,
                                                       "partial_capture_unsupported"};

/// A transfer of an atomic bulk was refused, so none was written; `errors` names it. An account,
/// hold or transfer that there is not keeps its own code and 404.
inline constexpr ErrorCode bulk_refused{ErrorKind::rejected, "bulk_refused"};
/// A line of an import of books is malformed or was refused; the detail has its number. What stood
/// in the lines before may have been written, and is not written again.
inline constexpr ErrorCode import_line_refused{ErrorKind::invalid, "import_line_refused"};
/// The ledger is shutting down, or more commands wait than it is willing to queue. Nothing was
/// written.
inline constexpr ErrorCode ledger_busy{ErrorKind::unavailable, "ledger_busy"};
/// The answer would have more rows than one answer may; narrow it with the filters.
inline constexpr ErrorCode too_many_rows{ErrorKind::invalid, "too_many_rows"};

}  // namespace florin::ledger::errors
