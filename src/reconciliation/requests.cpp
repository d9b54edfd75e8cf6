#include "reconciliation/requests.h"

#include <utility>

#include "base/try.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"
#include "reconciliation/errors.h"

namespace florin::reconciliation::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_note_bytes = 2'000;
constexpr std::size_t max_proposed_postings = 20;

/// Reads the body with `read(body, problems)` and gives its value, or every problem.
template <class Read>
auto read_body(const http::Request& request, const Read& read)
    -> Result<decltype(read(std::declval<ObjectReader&>(), std::declval<Problems&>()))> {
  const json::Value document =
      request.body.empty() ? json::Value(json::Object{}) : TRY(json::parse(request.body));
  Problems problems;
  ObjectReader body(document, "", problems);
  auto value = read(body, problems);
  body.reject_unknown();
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return value;
}

Timestamp read_moment(ObjectReader& body, std::string_view name,
                      std::optional<Timestamp> (*parse)(std::string_view)) {
  const auto text = body.required_text(name, {1, 64});
  if (!text) return {};
  const auto at = parse(*text);
  if (!at) {
    body.problem(name, "must_be_timestamp",
                 "must be a day such as 2026-11-21 or a time of RFC 3339");
  }
  return at.value_or(Timestamp());
}

void read_posting(const json::Value& value, const std::string& pointer, Problems& problems,
                  std::vector<ledger::PostingRequest>& postings) {
  ObjectReader body(value, pointer, problems);
  const auto debit = body.required_text("debit", {1, 200});
  const auto credit = body.required_text("credit", {1, 200});
  const auto amount = body.required_integer("amount");
  if (amount && *amount <= 0)
    body.problem("amount", "must_be_positive", "must be greater than zero");
  const auto currency = body.required_currency();
  body.reject_unknown();
  if (!debit || !credit || !amount || !currency) return;
  postings.push_back({ledger::AccountRef::parse(*debit),
                      ledger::AccountRef::parse(*credit),
                      {*amount, *currency}});
}

std::vector<ledger::PostingRequest> read_postings(const json::Array& items,
                                                  const std::string& pointer, Problems& problems) {
  std::vector<ledger::PostingRequest> postings;
  for (std::size_t i = 0; i < items.size(); ++i)
    read_posting(items[i], pointer + "/" + std::to_string(i), problems, postings);
  return postings;
}

Error query_error(std::string_view name, std::string_view rule, std::string detail) {
  return json::validation_error({{"#/query/" + std::string(name), rule, std::move(detail)}});
}

std::optional<std::string> query_text(const http::Request& request, std::string_view name) {
  const auto text = request.query_param(name);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

ledger::Origin origin_of(const http::Request& request) {
  return {request.caller.tenant, request.caller.actor, request.request_id};
}

Result<NewRun> new_run(const http::Request& request) {
  return read_body(request, [](ObjectReader& body, Problems& problems) {
    NewRun wanted;
    wanted.partner = body.required_text("partner", {1, 64}).value_or("");
    if (!wanted.partner.empty() && !is_partner_name(wanted.partner)) {
      body.problem("partner", "bad_characters",
                   "may hold letters, digits and - _ . : and does not begin with a dot");
    }
    wanted.period = {read_moment(body, "from", parse_period_start),
                     read_moment(body, "to", parse_period_end)};
    if (problems.empty() && wanted.period.to <= wanted.period.from)
      body.problem("to", "too_small", "must not end before from begins");
    return wanted;
  });
}

Result<std::string> explanation(const http::Request& request) {
  return read_body(request, [](ObjectReader& body, Problems&) {
    return body.required_text("note", {1, max_note_bytes}).value_or("");
  });
}

Result<Proposal> proposal(const http::Request& request) {
  return read_body(request, [](ObjectReader& body, Problems& problems) {
    Proposal wanted;
    if (const auto* items = body.required_array("postings", 1, max_proposed_postings))
      wanted.postings = read_postings(*items, body.pointer_to("postings"), problems);
    wanted.note = body.optional_text("note", {1, max_note_bytes});
    return wanted;
  });
}

Result<std::optional<std::string>> note(const http::Request& request) {
  return read_body(request, [](ObjectReader& body, Problems&) {
    return body.optional_text("note", {1, max_note_bytes});
  });
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
  if (const auto text = request.query_param("state")) {
    filter.state = parse_item_state(*text);
    if (!filter.state) {
      return query_error("state", "unknown_value",
                         "must be one of open, explained, proposed, resolved, cleared");
    }
  }
  return filter;
}

Result<PageRequest> page(const http::Request& request) {
  const http::Page page = TRY(http::parse_page(request));
  return PageRequest{page.limit, page.before};
}

Result<std::vector<ledger::PostingRequest>> parse_postings(std::string_view json) {
  const json::Value document = TRY(json::parse(json));
  Problems problems;
  std::vector<ledger::PostingRequest> postings;
  if (const json::Array* items = document.as_array())
    postings = read_postings(*items, "", problems);
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return postings;
}

}  // namespace florin::reconciliation::requests
