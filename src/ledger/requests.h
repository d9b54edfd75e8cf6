#pragma once
#include "base/result.h"
#include "ledger/ledger.h"
#include "ledger/ledger_queries.h"
#include "platform/http/route.h"

/// What clients send, read and checked: every bad field is named at once (validation_failed),
/// before anything is looked up.
namespace florin::ledger::requests {

Result<NewAccount> new_account(const http::Request& request);
Result<std::vector<NewAccount>> new_accounts(const http::Request& request);
Result<AccountChange> account_change(const http::Request& request);

/// Commands carry the key of their request.
Result<Command> post_transfer(const http::Request& request);
Result<Command> post_bulk(const http::Request& request);
Result<Command> place_hold(const http::Request& request);
Result<Command> capture_hold(const http::Request& request);
Result<Command> release_hold(const http::Request& request);
Result<Command> reverse_transfer(const http::Request& request);

AccountRef account_in_path(const http::Request& request);
/// Errors: transfer_not_found, hold_not_found when the path holds no id of that kind.
Result<TransferId> transfer_in_path(const http::Request& request);
Result<HoldId> hold_in_path(const http::Request& request);

/// With `order`, where the route takes it.
Result<PageRequest> page(const http::Request& request);
Result<AccountFilter> account_filter(const http::Request& request);
Result<TransferFilter> transfer_filter(const http::Request& request);
Result<HoldFilter> hold_filter(const http::Request& request);

/// `from`, `to` and `time`, by default of the time of entry.
Result<Period> period(const http::Request& request);
/// The query's `at`, nothing when absent, and the time that it is about.
struct Moment {
  std::optional<Timestamp> at;
  TimeKind time = TimeKind::effective;
};
Result<Moment> moment(const http::Request& request);
/// `by` of aggregates (required).
Result<Grouping> aggregate_grouping(const http::Request& request);
/// Which accounts or transfers an aggregate is of. Errors: validation_failed with `not_applicable`
/// for what the grouping does not look at.
Result<GroupFilter> aggregate_filter(const http::Request& request, const Grouping& grouping);

struct TrialBalanceRequest {
  GroupFilter filter;
  std::optional<PageRequest> page;  ///< By account; absent: by type.
};
Result<TrialBalanceRequest> trial_balance(const http::Request& request);

}  // namespace florin::ledger::requests
