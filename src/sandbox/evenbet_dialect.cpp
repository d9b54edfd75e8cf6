#include "sandbox/evenbet_dialect.h"

#include <array>
#include <utility>
#include <vector>

#include "base/try.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"

namespace florin::sandbox {
namespace {

using json::ObjectReader;

struct Method {
  std::string_view name, operation;
  MovementKind kind;
};
constexpr std::array<Method, 4> methods{{{"GetBalance", "balance", MovementKind::debit},
                                         {"GetCash", "debit", MovementKind::debit},
                                         {"ReturnCash", "credit", MovementKind::credit},
                                         {"Rollback", "rollback", MovementKind::rollback}}};

constexpr int code_ok = 0;
constexpr int code_bad_signature = 1;
constexpr int code_bad_request = 4;
constexpr int code_not_found = 5;

const Method* read_method(ObjectReader& body) {
  const auto name = body.required_text("method");
  if (!name) return nullptr;
  for (const Method& method : methods) {
    if (method.name == *name) return &method;
  }
  body.problem("method", "unknown_value", "not a method of this wallet");
  return nullptr;
}

/// A rollback may come before anything else is known of the player, a balance from somebody new.
std::optional<Currency> read_currency(ObjectReader& body, const Method* method) {
  const bool is_required =
      method == nullptr || method->name == "GetCash" || method->name == "ReturnCash";
  return is_required ? body.required_currency() : body.optional_currency();
}

void read_movement(ObjectReader& body, Movement& movement) {
  movement.transaction_id = body.required_text("transactionId").value_or("");
  movement.reference_id = movement.kind == MovementKind::rollback
                              ? body.required_text("referenceTransactionId").value_or("")
                              : body.optional_text("referenceTransactionId").value_or("");
  movement.round_id = body.optional_text("roundId").value_or("");
  const json::IntegerRule not_negative{.min = 0};
  movement.amount_minor = movement.kind == MovementKind::rollback
                              ? body.optional_integer("amount", not_negative).value_or(0)
                              : body.required_integer("amount", not_negative).value_or(0);
}

http::Response bare_answer(int code, std::string_view description) {
  std::string body;
  json::Writer(body)
      .begin_object()
      .member("errorCode", code)
      .member("errorDescription", description)
      .end_object();
  return http::Response::ok(std::move(body));
}

}  // namespace

Result<EvenbetRequest> parse_evenbet_request(std::string_view body) {
  const json::Value document = TRY(json::parse(body));
  std::vector<FieldError> problems;
  ObjectReader reader(document, "", problems);
  EvenbetRequest request;
  const Method* const method = read_method(reader);
  request.movement.player_id = reader.required_text("userId").value_or("");
  request.movement.currency = read_currency(reader, method);
  if (method != nullptr) {
    request.operation = method->operation;
    request.movement.kind = method->kind;
    if (method->operation != "balance") read_movement(reader, request.movement);
  }
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return request;
}

int evenbet_code(const Receipt& receipt) {
  switch (receipt.outcome) {
    case Outcome::ok:
      return receipt.reference_unknown ? code_not_found : code_ok;
    case Outcome::player_not_found:
      return 2;
    case Outcome::insufficient_funds:
      return 3;
    case Outcome::currency_mismatch:
    case Outcome::invalid_amount:
      return code_bad_request;
    case Outcome::transaction_not_found:
      return code_not_found;
    case Outcome::transaction_conflict:
      return 6;
    case Outcome::already_rolled_back:
      return 7;
    case Outcome::player_blocked:
    case Outcome::session_expired:
    case Outcome::invalid_token:
    case Outcome::game_not_allowed:
      return 8;
    case Outcome::limit_reached:
      return 9;
  }
  return code_bad_request;
}

http::Response evenbet_answer(const EvenbetRequest& request, const Receipt& receipt) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object().member("errorCode", evenbet_code(receipt));
  if (receipt.currency) {
    writer.member("balance", receipt.balance_minor).member("currency", receipt.currency->code());
  }
  if (receipt.outcome == Outcome::ok && request.operation != "balance") {
    writer.member("transactionId", request.movement.transaction_id);
    writer.member("walletTransactionId", receipt.wallet_transaction_id);
    writer.member("amount", receipt.moved_minor);
  }
  writer.end_object();
  return http::Response::ok(std::move(body));
}

http::Response evenbet_bad_request() {
  return bare_answer(code_bad_request, "the body is not what this method takes");
}

http::Response evenbet_bad_signature() {
  return bare_answer(code_bad_signature, "the sign header does not fit the body");
}

}  // namespace florin::sandbox
