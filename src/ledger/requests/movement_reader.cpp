#include "ledger/requests/movement_reader.h"

#include <limits>
#include <string>
#include <utility>

#include "ledger/metadata.h"
#include "ledger/requests/split_request.h"

namespace florin::ledger::requests {
namespace {

using json::ObjectReader;
using Problems = std::vector<FieldError>;

constexpr std::size_t max_status_changes = 100;
constexpr std::size_t max_description_bytes = 1'000;
constexpr std::int64_t max_hold_seconds = 366 * 24 * 3600;

TransferDetails read_details(ObjectReader& body) {
  TransferDetails details;
  details.reference = body.optional_text("reference", {1, max_reference_bytes});
  details.description = body.optional_text("description", {1, max_description_bytes});
  details.metadata = read_metadata(body);
  return details;
}

Balancing read_balancing(ObjectReader& body) {
  body.member("amount");
  const auto text = body.optional_text("balancing", {1, 16});
  if (!text) return Balancing::none;
  if (const auto balancing = parse_word<Balancing>(*text)) return *balancing;
  body.problem("balancing", "unknown_value", must_be_one_of(all_words<Balancing>()));
  return Balancing::both;  // So that no amount is asked for besides.
}

std::optional<PostingRequest> read_posting(const json::Value& value, const std::string& pointer,
                                           Problems& problems) {
  ObjectReader body(value, pointer, problems);
  const auto debit = body.required_text("debit", {1, max_code_bytes});
  const auto credit = body.required_text("credit", {1, max_code_bytes});
  const auto balancing = read_balancing(body);
  // Without an amount the accounts alone bound what moves.
  const bool has_amount = balancing == Balancing::none || body.has("amount");
  const auto amount = has_amount ? body.required_integer("amount")
                                 : std::optional(std::numeric_limits<std::int64_t>::max());
  if (amount && *amount <= 0)
    body.problem("amount", "must_be_positive", "must be greater than zero");
  const auto currency = body.required_currency();
  body.reject_unknown();
  if (!debit || !credit || !amount || !currency) return std::nullopt;
  return PostingRequest{AccountRef::parse(*debit),
                        AccountRef::parse(*credit),
                        {*amount, *currency},
                        balancing,
                        has_amount};
}

std::vector<PostingRequest> read_postings(ObjectReader& body, Problems& problems) {
  std::vector<PostingRequest> postings;
  const json::Array* items = body.required_array("postings", 1, max_postings);
  if (!items) return postings;
  postings.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto posting =
        read_posting((*items)[i], body.pointer_to("postings") + "/" + std::to_string(i), problems);
    if (posting) postings.push_back(*std::move(posting));
  }
  return postings;
}

/// Either `postings` or a `split`.
template <class Body>
void read_movement(ObjectReader& body, Problems& problems, Body& wanted) {
  const json::Value* split = body.member("split");
  if (!split || split->is_null()) {
    wanted.postings = read_postings(body, problems);
    return;
  }
  wanted.split = read_split(body, problems);
  const json::Value* postings = body.member("postings");
  if (postings && !postings->is_null())
    body.problem("postings", "not_applicable", "must not stand beside split");
}

std::vector<AccountRef> read_accounts(ObjectReader& body, std::string_view name,
                                      Problems& problems) {
  std::vector<AccountRef> accounts;
  const json::Value* value = body.member(name);
  if (!value || value->is_null()) return accounts;
  const json::Array* items = body.required_array(name, 1, max_status_changes);
  if (!items) return accounts;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string* text = (*items)[i].as_string();
    if (text && !text->empty() && text->size() <= max_code_bytes) {
      accounts.push_back(AccountRef::parse(*text));
    } else {
      problems.push_back({body.pointer_to(name) + "/" + std::to_string(i), "wrong_type",
                          "must be the id or code of an account"});
    }
  }
  return accounts;
}

/// Who names accounts to close and moves nothing wants another route.
void hint_at_closing_alone(const std::string& pointer, Problems& problems) {
  for (FieldError& problem : problems) {
    if (problem.pointer == pointer && problem.rule == "required")
      problem.detail +=
          "; to close an account without moving money, call POST /v1/accounts/{id}/close";
  }
}

}  // namespace

PostTransfer read_transfer(ObjectReader& body, Problems& problems) {
  PostTransfer transfer;
  read_movement(body, problems, transfer);
  transfer.reopen = read_accounts(body, "reopen", problems);
  transfer.close = read_accounts(body, "close", problems);
  if (!transfer.close.empty()) hint_at_closing_alone(body.pointer_to("postings"), problems);
  transfer.details = read_details(body);
  transfer.effective_at = body.optional_time("effective_at");
  return transfer;
}

PlaceHold read_hold(ObjectReader& body, Problems& problems) {
  PlaceHold hold;
  read_movement(body, problems, hold);
  hold.details = read_details(body);
  hold.expires_in_s = body.optional_integer("expires_in_seconds", {1, max_hold_seconds});
  return hold;
}

CaptureHold read_capture(ObjectReader& body, HoldId id) {
  const auto amount = body.optional_integer("amount", {1});
  return {id, amount, body.optional_bool("keep_rest").value_or(false)};
}

ReverseTransfer read_reversal(ObjectReader& body, TransferId id) {
  ReverseTransfer reversal{id, read_details(body)};
  reversal.effective_at = body.optional_time("effective_at");
  return reversal;
}

}  // namespace florin::ledger::requests
