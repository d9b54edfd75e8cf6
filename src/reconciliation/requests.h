#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "platform/http/route.h"
#include "reconciliation/items.h"
#include "reconciliation/rows.h"

/// What clients send, read and checked: every bad field is named at once (validation_failed).
namespace florin::reconciliation::requests {

ledger::Origin origin_of(const http::Request& request);

struct NewRun {
  std::string partner;
  Period period;
};
Result<NewRun> new_run(const http::Request& request);
Result<std::string> explanation(const http::Request& request);
Result<Proposal> proposal(const http::Request& request);
/// The optional note of a decision.
Result<std::optional<std::string>> note(const http::Request& request);

/// Errors: reconciliation_not_found, reconciliation_item_not_found when the path holds no such id.
Result<RunId> run_in_path(const http::Request& request);
Result<ItemId> item_in_path(const http::Request& request);

/// The query's `partner`; nothing when absent.
std::optional<std::string> partner_filter(const http::Request& request);
Result<ItemFilter> item_filter(const http::Request& request);
Result<PageRequest> page(const http::Request& request);

/// Postings as to_json() wrote them, or as a client did. Errors: validation_failed, malformed_json.
Result<std::vector<ledger::PostingRequest>> parse_postings(std::string_view json);

}  // namespace florin::reconciliation::requests
