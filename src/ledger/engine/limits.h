#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "ledger/engine/account_state.h"
#include "ledger/split.h"

/// How much may move: pure arithmetic over sums, in 128 bits where 64 do not hold it.
namespace florin::ledger::engine {

enum class Side : std::uint8_t { debit, credit };

/// The most that a posting may move on this side of an account whose sums are `sums`. The side that
/// lowers the balance has what is available above the account's min_balance, or above zero where it
/// has none; the side that raises it has what is left up to max_balance. Never below zero, nor
/// above what 64 bits hold. Nothing: there is no bound.
std::optional<std::int64_t> room_of(const AccountState& account, const Sums& sums, Side side);

/// What a source of a split gives at most, after it gave `drawn`. Nothing: there is no bound.
std::optional<std::int64_t> room_of(const AccountState& account, const SplitSource& source,
                                    std::int64_t drawn);

/// What each destination of a split gets of `total`, in their order: fixed amounts, portions of the
/// whole by largest remainder (the first of equals wins), then what is left.
/// Errors: split_mismatch when the shares are more or less than the whole.
Result<std::vector<std::int64_t>> shares_of(std::int64_t total,
                                            std::span<const SplitDestination> destinations);

}  // namespace florin::ledger::engine
