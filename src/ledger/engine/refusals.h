#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/engine/account_state.h"
#include "ledger/ledger.h"

/// The refusals that need no balance (those that do: wording.h), and the checks behind them.
namespace florin::ledger::engine {

/// "/postings/3/debit".
std::string pointer_to(std::string_view list, std::size_t place, std::string_view member = {});

Error account_missing(std::string pointer);
Error missing_hold();
Error nothing_to_move();
Error at_posting(const ErrorCode& code, std::size_t posting, std::string_view member,
                 std::string detail);
Error at_split(const ErrorCode& code, std::string_view member, std::string detail);
Error at_effective_at(const ErrorCode& code, std::string rule);
/// The same error, seen from the bulk it happened in.
Error in_bulk(const Error& error, std::size_t index);

/// Errors: hold_expired, hold_not_open.
Result<void> check_open(const Hold& hold, Timestamp now);
/// Whether a capture's amount fits the hold.
/// Errors: partial_capture_unsupported, capture_exceeds_hold.
Result<void> check_amount(const Hold& hold, const CaptureHold& wanted);

/// The reason why a currency cannot move on an account; its code is empty when it can.
struct Obstacle {
  ErrorCode code{ErrorKind::internal, ""};
  std::string detail;
  explicit operator bool() const { return !code.name.empty(); }
};
Obstacle obstacle_on(const AccountState& account, Currency currency, std::string_view side);

}  // namespace florin::ledger::engine
