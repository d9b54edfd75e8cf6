#include "reconciliation/requests.h"

#include <utility>
#include <vector>

#include "base/try.h"
#include "platform/json/object_reader.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation::requests {
namespace {

/// {} may be left out where nothing is required.
std::string_view body_of(const http::Request& request) {
  return request.body.empty() ? "{}" : std::string_view(request.body);
}

std::vector<FieldError> ends_too_soon(const Run& wanted) {
  if (wanted.period.from < wanted.period.to) return {};
  return {{"/to", "too_small", "must not end before from begins"}};
}

std::optional<std::string> query_text(const http::Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Result<Run> new_run(const http::Request& request) {
  return json::read_new(run_fields(), body_of(request), Run(), ends_too_soon);
}

Result<Explanation> explanation(const http::Request& request) {
  return json::read_new(explanation_fields(), body_of(request));
}

Result<Proposal> proposal(const http::Request& request) {
  return json::read_new(proposal_fields(), body_of(request));
}

Result<Rejection> rejection(const http::Request& request) {
  return json::read_new(rejection_fields(), body_of(request));
}

Result<RunId> run_in_path(const http::Request& request) {
  const auto id = RunId::parse(request.path_param("id"));
  if (!id) return Error{errors::reconciliation_not_found, "there is no reconciliation of this id"};
  return *id;
}

Result<ItemId> item_in_path(const http::Request& request) {
  const auto id = ItemId::parse(request.path_param("id"));
  if (!id) {
    return Error{errors::reconciliation_item_not_found,
                 "there is no reconciliation item of this id"};
  }
  return *id;
}

std::optional<std::string> partner_filter(const http::Request& request) {
  return query_text(request, "partner");
}

Result<ItemFilter> item_filter(const http::Request& request) {
  ItemFilter filter;
  filter.kind = query_text(request, "kind");
  filter.transaction_id = query_text(request, "transaction_id");
  filter.status = TRY(http::query_word<ItemStatus>(request, "status"));
  return filter;
}

}  // namespace florin::reconciliation::requests
