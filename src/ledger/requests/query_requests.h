#pragma once
#include "base/result.h"
#include "ledger/ledger_queries.h"
#include "platform/http/route.h"

/// The parameters of lists, statements and sums. Errors: validation_failed, which names the
/// parameter.
namespace florin::ledger::requests {

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
