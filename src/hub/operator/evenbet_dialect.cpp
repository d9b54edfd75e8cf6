#include "hub/operator/evenbet_dialect.h"

#include <string>

#include "hub/errors.h"
#include "hub/operator/answer_parts.h"
#include "ledger/errors.h"
#include "platform/crypto/hash.h"
#include "platform/http_client/http_client.h"
#include "platform/json/writer.h"

namespace florin::hub::operators {
namespace {

constexpr std::int64_t code_ok = 0;
constexpr std::int64_t code_transaction_not_found = 5;
constexpr std::int64_t code_internal = 500;

/// Empty for what it does not have.
std::string_view method_of(Operation operation) {
  switch (operation) {
    case Operation::balance:
      return "GetBalance";
    case Operation::debit:
      return "GetCash";
    case Operation::credit:
      return "ReturnCash";
    case Operation::rollback:
      return "Rollback";
    case Operation::query:
      break;
  }
  return {};
}

std::optional<Currency> currency_of(const Call& call) {
  return call.amount ? std::optional(call.amount->currency) : call.currency;
}

void write_movement(json::Writer& writer, const Call& call) {
  writer.member("transactionId", call.transaction_id);
  // A debit's ref names its round; the others' the debit.
  writer.member(call.operation == Operation::debit ? "roundId" : "referenceTransactionId",
                call.ref_id);
}

std::string body_of(const Call& call) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object().member("method", method_of(call.operation));
  if (call.operation != Operation::balance) write_movement(writer, call);
  writer.member("userId", call.player);
  if (const auto currency = currency_of(call)) writer.member("currency", currency->code());
  if (call.amount) writer.member("amount", call.amount->minor);
  writer.end_object();
  return body;
}

std::optional<std::int64_t> integer_member(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  const std::int64_t* number = value ? value->as_integer() : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::int64_t> code_of(const http_client::Response& response) {
  if (response.status != 200) return std::nullopt;
  const auto document = read_object(response);
  return document ? integer_member(*document, "errorCode") : std::nullopt;
}

/// Source: README.md, "Meanings". A code not listed there leaves the outcome unknown.
Answer refusal_of(std::int64_t code) {
  const std::string detail = "the Operator answered errorCode " + std::to_string(code);
  switch (code) {
    case 2:
      return refused_answer(errors::player_not_found, detail);
    case 3:
      return refused_answer(ledger::errors::insufficient_funds, detail);
    case 6:
      return refused_answer(errors::transaction_conflict, detail);
    case 7:
      return refused_answer(errors::already_rolled_back, detail);
    case 8:
      return refused_answer(errors::player_blocked, detail);
    case 9:
      return refused_answer(errors::limit_reached, detail);
    case 1:  // Bad sign.
    case 4:  // Bad request.
    case code_transaction_not_found:
      return refused_answer(errors::operator_refused, detail);
    default:
      return unknown_answer(detail);
  }
}

/// An answer need not name the currency.
bool is_in_other_currency(const Call& call, const json::Value& document) {
  if (!document.find("currency")) return false;
  const auto currency = currency_of(call);
  return !currency || text_member(document, "currency") != currency->code();
}

std::optional<std::int64_t> balance_of(const Call& call, const json::Value& document) {
  if (is_in_other_currency(call, document)) return std::nullopt;
  return integer_member(document, "balance");
}

/// Empty when the answer is about this very call.
std::string contradiction(const Call& call, const json::Value& document) {
  if (is_in_other_currency(call, document)) return "the answer is in another currency";
  if (call.operation == Operation::balance) {
    return integer_member(document, "balance") ? "" : "the answer has no balance";
  }
  if (text_member(document, "transactionId") != call.transaction_id)
    return "the answer is about another transaction";
  if (document.find("balance") && !integer_member(document, "balance"))
    return "the balance cannot be read";
  if (!document.find("amount") || !call.amount) return "";
  const auto amount = integer_member(document, "amount");
  // A rollback of what was never booked moves nothing.
  const bool undid_nothing = call.operation == Operation::rollback && amount == 0;
  return amount == call.amount->minor || undid_nothing ? "" : "the answer has another amount";
}

Answer done_answer(const Call& call, const json::Value& document) {
  Answer answer;
  answer.meaning = Meaning::done;
  answer.balance_minor = balance_of(call, document);
  answer.reference = text_member(document, "walletTransactionId");
  return answer;
}

Answer refused(const Call& call, std::int64_t code, const json::Value& document) {
  if (document.find("transactionId") &&
      text_member(document, "transactionId") != call.transaction_id)
    return unknown_answer("the refusal is about another transaction");
  Answer answer = refusal_of(code);
  if (answer.refusal) answer.balance_minor = balance_of(call, document);
  return answer;
}

}  // namespace

std::string evenbet_sign(const Secret& secret, std::string_view body) {
  crypto::Sha256Stream stream;
  stream.update(body);
  stream.update(secret.reveal());
  return crypto::to_hex(crypto::bytes_of(stream.finish()));
}

http_client::Request EvenbetDialect::build(const Target& target, const Call& call,
                                           Timestamp) const {
  http_client::Request request;
  request.url = join_url(target.settings.base_url, "/evenbet");
  request.body = body_of(call);
  request.headers = {{"Content-Type", "application/json"},
                     {"sign", evenbet_sign(target.secret, request.body)}};
  return request;
}

Answer EvenbetDialect::read(const Call& call, const http_client::Response& response) const {
  if (response.status != 200)
    return unknown_answer("the Operator answered HTTP " + std::to_string(response.status));
  const auto document = read_object(response);
  if (!document) return unknown_answer(document.error().detail);
  const auto code = integer_member(*document, "errorCode");
  if (!code) return unknown_answer("the answer has no errorCode");
  // Undoing what was never booked: there is nothing to undo, now or later.
  const bool undid_nothing =
      call.operation == Operation::rollback && code == code_transaction_not_found;
  if (undid_nothing) return plain_answer(Meaning::done);
  if (*code != code_ok) return refused(call, *code, *document);
  const std::string wrong = contradiction(call, *document);
  return wrong.empty() ? done_answer(call, *document) : unknown_answer(wrong);
}

bool EvenbetDialect::is_fault(const http_client::Response& response) const {
  return response.status >= 500 || code_of(response) == code_internal;
}

}  // namespace florin::hub::operators
