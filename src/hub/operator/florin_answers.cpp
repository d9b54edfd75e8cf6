#include "hub/operator/florin_answers.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/try.h"
#include "hub/errors.h"
#include "hub/operator/amount_text.h"
#include "hub/operator/answer_parts.h"
#include "ledger/errors.h"

namespace florin::hub::operators {
namespace {

/// A word that refuses, and what it means to the hub.
struct Refusal {
  std::string_view word;
  ErrorCode code;
  int http_status = 200;  ///< It may come with this status, and always with 200.
};

/// Source: README.md, "Meanings". A word not listed there leaves the outcome unknown.
constexpr std::array<Refusal, 14> refusals{{
    {"INSUFFICIENT_FUNDS", ledger::errors::insufficient_funds},
    {"LIMIT_REACHED", errors::limit_reached},
    {"GAME_NOT_ALLOWED", errors::operator_refused},
    {"PLAYER_BLOCKED", errors::player_blocked},
    {"SESSION_EXPIRED", errors::operator_refused},
    {"INVALID_TOKEN", errors::operator_refused},
    {"PLAYER_NOT_FOUND", errors::player_not_found},
    {"CURRENCY_MISMATCH", errors::operator_refused, 400},
    {"INVALID_AMOUNT", errors::operator_refused, 400},
    {"BAD_REQUEST", errors::operator_refused, 400},
    {"TRANSACTION_CONFLICT", errors::transaction_conflict},
    {"TRANSACTION_NOT_FOUND", errors::operator_refused},
    {"ALREADY_ROLLED_BACK", errors::already_rolled_back},
    {"INVALID_SIGNATURE", errors::operator_refused, 401},
}};

const Refusal* find_refusal(std::string_view word, int http_status) {
  const auto found = std::find_if(refusals.begin(), refusals.end(), [&](const Refusal& refusal) {
    return refusal.word == word && (http_status == 200 || http_status == refusal.http_status);
  });
  return found == refusals.end() ? nullptr : &*found;
}

std::optional<Currency> currency_of(const Call& call) {
  return call.amount ? std::optional(call.amount->currency) : call.currency;
}

/// A member that is a decimal amount of this currency.
std::optional<std::int64_t> amount_member(const json::Value& object, std::string_view name,
                                          std::optional<Currency> currency) {
  const json::Value* value = object.find(name);
  if (!value || !value->as_string() || !currency) return std::nullopt;
  return parse_amount_text(*value->as_string(), *currency);
}

/// The balance, when it is said in the currency of the call.
std::optional<std::int64_t> balance_of(const Call& call, const json::Value& document) {
  const auto currency = currency_of(call);
  if (!currency || text_member(document, "currency") != currency->code()) return std::nullopt;
  return amount_member(document, "balance", currency);
}

/// An amount beside the OK is more than the contract asks for, but must not be another one.
bool has_other_amount(const Call& call, const json::Value& document) {
  if (!document.find("amount") || !call.amount) return false;
  const auto amount = amount_member(document, "amount", call.amount->currency);
  // A rollback of what was never booked moves nothing.
  const bool undid_nothing = call.operation == Operation::rollback && amount == 0;
  return amount != call.amount->minor && !undid_nothing;
}

/// Why an OK cannot be believed to be about this very call; empty when it is.
std::string contradiction(const Call& call, const json::Value& document) {
  const bool is_balance = call.operation == Operation::balance;
  if (!is_balance && text_member(document, "transactionId") != call.transaction_id)
    return "the answer is about another transaction";
  // The rollback of a debit that never came may know neither player nor currency.
  const bool may_lack_balance = call.operation == Operation::rollback && !document.find("balance");
  const auto currency = currency_of(call);
  if (document.find("currency") &&
      (!currency || text_member(document, "currency") != currency->code()))
    return "the answer is in another currency";
  if (!may_lack_balance && !balance_of(call, document))
    return "the answer's balance is missing or no amount of the currency";
  return has_other_amount(call, document) ? "the answer has another amount" : "";
}

Answer done_answer(const Call& call, const json::Value& document) {
  Answer answer;
  answer.meaning = Meaning::done;
  answer.balance_minor = balance_of(call, document);
  answer.reference = text_member(document, "walletTransactionId");
  return answer;
}

Result<ListedTransaction> parse_row(const json::Value& row) {
  const Error bad{errors::operator_refused, "a row of the Operator's list cannot be read"};
  ListedTransaction listed;
  listed.transaction_id = text_member(row, "transactionId");
  listed.ref_id = text_member(row, "refId");
  listed.type = text_member(row, "type");
  listed.player = text_member(row, "playerId");
  listed.currency = text_member(row, "currency");
  listed.status = text_member(row, "status");
  listed.operator_reference = text_member(row, "walletTransactionId");
  if (listed.transaction_id.empty() || listed.status.empty()) return bad;
  const auto processed_at = Timestamp::parse(text_member(row, "processedAt"));
  if (!processed_at) return bad;
  listed.processed_at = *processed_at;
  if (listed.currency.empty() && !row.find("amount")) return listed;  // Nothing was moved.
  const auto amount = amount_member(row, "amount", Currency::parse(listed.currency));
  if (!amount) return bad;
  listed.amount_minor = *amount;
  return listed;
}

Answer booked_answer(const Call& call, const ListedTransaction& row) {
  const auto currency = currency_of(call);
  if (row.transaction_id != call.transaction_id)
    return unknown_answer("the Operator's row is about another transaction");
  if (currency && !row.currency.empty() && row.currency != currency->code())
    return unknown_answer("the Operator's row is in another currency");
  Answer answer;
  answer.meaning = Meaning::done;
  answer.is_rolled_back = row.status == "ROLLED_BACK";
  answer.amount_minor = row.amount_minor;
  answer.reference = row.operator_reference;
  return answer;
}

}  // namespace

Answer read_movement(const Call& call, int http_status, const json::Value& document) {
  const std::string_view word = text_member(document, "status");
  if (const Refusal* refusal = find_refusal(word, http_status)) {
    if (document.find("transactionId") &&
        text_member(document, "transactionId") != call.transaction_id)
      return unknown_answer("the refusal is about another transaction");
    Answer answer =
        refused_answer(refusal->code, "the Operator answered " + std::string(refusal->word));
    answer.balance_minor = balance_of(call, document);
    return answer;
  }
  if (word != "OK" || http_status != 200)
    return unknown_answer("HTTP " + std::to_string(http_status) + " without a known status word");
  const std::string wrong = contradiction(call, document);
  return wrong.empty() ? done_answer(call, document) : unknown_answer(wrong);
}

Answer read_query(const Call& call, const json::Value& document) {
  const auto page = read_rows(document);
  if (!page) return unknown_answer(page.error().detail);
  if (page->rows.size() > 1 || !page->next_cursor.empty())
    return unknown_answer("the query gave more than one row");
  if (page->rows.empty()) return plain_answer(Meaning::not_found);
  const ListedTransaction& row = page->rows.front();
  constexpr std::array<std::string_view, 3> known{"OK", "ROLLED_BACK", "TOMBSTONE"};
  if (std::find(known.begin(), known.end(), row.status) == known.end())
    return unknown_answer("the Operator's row has an unknown status");
  return booked_answer(call, row);
}

Result<ListedPage> read_rows(const json::Value& document) {
  const json::Value* data = document.find("data");
  const json::Value* next = document.find("next_cursor");
  const bool is_list = data && data->as_array() && next && (next->is_null() || next->as_string());
  if (!is_list) return Error{errors::operator_refused, "the answer is no list of transactions"};
  ListedPage page;
  for (const json::Value& row : *data->as_array()) page.rows.push_back(TRY(parse_row(row)));
  if (!next->is_null()) page.next_cursor = *next->as_string();
  return page;
}

}  // namespace florin::hub::operators
