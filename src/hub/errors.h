#pragma once
#include "base/error.h"

namespace florin::hub::errors {

/// The call is not signed, the signature is wrong, or no active partner has this X-Partner-Id.
inline constexpr ErrorCode invalid_signature{ErrorKind::unauthenticated, "invalid_signature"};
/// X-Timestamp is missing, not in Unix seconds, or more than 300 s off this server's clock.
inline constexpr ErrorCode stale_timestamp{ErrorKind::unauthenticated, "stale_timestamp"};
/// The very same signed call came before, to another route or under another Idempotency-Key.
inline constexpr ErrorCode signature_replayed{ErrorKind::unauthenticated, "signature_replayed"};
/// The partner makes more calls a second than it may. Wait for Retry-After.
inline constexpr ErrorCode partner_rate_limited{ErrorKind::limited, "partner_rate_limited"};
/// The partner does not take this currency; see its `currencies`.
inline constexpr ErrorCode unsupported_currency{ErrorKind::rejected, "unsupported_currency"};
/// The amount is above what the partner may move at once.
inline constexpr ErrorCode amount_limit_exceeded{ErrorKind::rejected, "amount_limit_exceeded"};
/// A rollback of this debit came before; it stays undone.
inline constexpr ErrorCode already_rolled_back{ErrorKind::conflict, "already_rolled_back"};
/// What the call says does not fit the transaction it names (another player, currency or amount, a
/// credit instead of a debit, a debit that has been settled, or bets of several players).
inline constexpr ErrorCode transaction_conflict{ErrorKind::conflict, "transaction_conflict"};
/// The player's wallet is frozen or closed: nothing can be taken from it.
inline constexpr ErrorCode player_blocked{ErrorKind::rejected, "player_blocked"};
/// A limit set for the player at the Operator was reached (responsible gambling).
inline constexpr ErrorCode limit_reached{ErrorKind::rejected, "limit_reached"};
/// No wallet of this player.
inline constexpr ErrorCode player_not_found{ErrorKind::not_found, "player_not_found"};
/// The Operator refused the call; the detail has its word for it.
inline constexpr ErrorCode operator_refused{ErrorKind::rejected, "operator_refused"};
/// The Operator cannot be reached now, and nothing was sent to it. Safe to retry with the same key.
inline constexpr ErrorCode operator_unavailable{ErrorKind::unavailable, "operator_unavailable"};

/// More movements wait than may. Safe to retry with the same key.
inline constexpr ErrorCode hub_busy{ErrorKind::unavailable, "hub_busy"};

/// The Operator's base_url leads to an address that may not be called (private, loopback,
/// reserved); the detail has the rule. hub.allowed_hosts opens hosts of a closed network.
inline constexpr ErrorCode operator_url_refused{ErrorKind::rejected, "operator_url_refused"};
/// No partner of this id or code in the caller's tenant.
inline constexpr ErrorCode partner_not_found{ErrorKind::not_found, "partner_not_found"};
/// A partner with this code exists.
inline constexpr ErrorCode partner_exists{ErrorKind::conflict, "partner_exists"};
/// No wallet transaction of this id.
inline constexpr ErrorCode wallet_transaction_not_found{ErrorKind::not_found,
                                                        "wallet_transaction_not_found"};
/// Only a transaction that the resolver has given up on can be decided by hand.
inline constexpr ErrorCode transaction_not_stuck{ErrorKind::conflict, "transaction_not_stuck"};

}  // namespace florin::hub::errors
