#pragma once
#include "base/error.h"

namespace florin::hub::errors {

/// The call is not signed, the signature is invalid, or no active partner has this X-Partner-Id.
inline constexpr ErrorCode invalid_signature{ErrorKind::unauthenticated, "invalid_signature"};
/// X-Timestamp is missing, is not in Unix seconds, or differs from the server's clock by more than
/// 300 s.
inline constexpr ErrorCode stale_timestamp{ErrorKind::unauthenticated, "stale_timestamp"};
/// The same signed call was already received, on another route or with another Idempotency-Key.
inline constexpr ErrorCode signature_replayed{ErrorKind::unauthenticated, "signature_replayed"};
/// The partner exceeded its rate limit. Wait for Retry-After.
inline constexpr ErrorCode partner_rate_limited{ErrorKind::limited, "partner_rate_limited"};
/// The partner does not support this currency; see its `currencies`.
inline constexpr ErrorCode unsupported_currency{ErrorKind::rejected, "unsupported_currency"};
/// The amount exceeds the partner's limit per movement.
inline constexpr ErrorCode amount_limit_exceeded{ErrorKind::rejected, "amount_limit_exceeded"};
/// This debit was already rolled back.
inline constexpr ErrorCode already_rolled_back{ErrorKind::conflict, "already_rolled_back"};
/// The call does not match the transaction it names (another player, currency or amount, a credit
/// instead of a debit, a debit that was settled, or bets of several players).
inline constexpr ErrorCode transaction_conflict{ErrorKind::conflict, "transaction_conflict"};
/// The player's wallet is frozen or closed; debits are rejected.
inline constexpr ErrorCode player_blocked{ErrorKind::rejected, "player_blocked"};
/// The player reached a limit set at the Operator (responsible gambling).
inline constexpr ErrorCode limit_reached{ErrorKind::rejected, "limit_reached"};
/// The player has no wallet.
inline constexpr ErrorCode player_not_found{ErrorKind::not_found, "player_not_found"};
/// The Operator rejected the call; the detail has its error code.
inline constexpr ErrorCode operator_refused{ErrorKind::rejected, "operator_refused"};
/// The Operator is unavailable and nothing was sent. Safe to retry with the same key.
inline constexpr ErrorCode operator_unavailable{ErrorKind::unavailable, "operator_unavailable"};

/// The movement queue is full. Safe to retry with the same key.
inline constexpr ErrorCode hub_busy{ErrorKind::unavailable, "hub_busy"};

/// The Operator's base_url points to an address that is not allowed (private, loopback, reserved);
/// the detail has the rule. hub.allowed_hosts permits hosts of a closed network.
inline constexpr ErrorCode operator_url_refused{ErrorKind::rejected, "operator_url_refused"};
/// The caller's tenant has no partner with this id or code.
inline constexpr ErrorCode partner_not_found{ErrorKind::not_found, "partner_not_found"};
/// A partner with this code already exists.
inline constexpr ErrorCode partner_exists{ErrorKind::conflict, "partner_exists"};
/// No wallet transaction has this id.
inline constexpr ErrorCode wallet_transaction_not_found{ErrorKind::not_found,
                                                        "wallet_transaction_not_found"};
/// Only a transaction that the resolver has given up on can be decided manually.
inline constexpr ErrorCode transaction_not_stuck{ErrorKind::conflict, "transaction_not_stuck"};

}  // namespace florin::hub::errors
