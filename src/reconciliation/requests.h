#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "platform/http/route.h"
#include "reconciliation/fields.h"
#include "reconciliation/rows.h"

/// What clients send, read and checked: every bad field is named at once (validation_failed).
namespace florin::reconciliation::requests {

/// Its partner and period.
Result<Run> new_run(const http::Request& request);
Result<Explanation> explanation(const http::Request& request);
Result<Proposal> proposal(const http::Request& request);
Result<Rejection> rejection(const http::Request& request);

/// Errors: reconciliation_not_found, reconciliation_item_not_found when the path holds no such id.
Result<RunId> run_in_path(const http::Request& request);
Result<ItemId> item_in_path(const http::Request& request);

/// The query's `partner`; nothing when absent.
std::optional<std::string> partner_filter(const http::Request& request);
Result<ItemFilter> item_filter(const http::Request& request);

}  // namespace florin::reconciliation::requests
