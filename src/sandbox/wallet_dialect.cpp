#include "sandbox/wallet_dialect.h"

#include <array>
#include <utility>
#include <vector>

#include "base/try.h"
#include "platform/json/object_reader.h"
#include "platform/json/writer.h"
#include "sandbox/decimal.h"

namespace florin::sandbox {
namespace {

using json::ObjectReader;
using json::Writer;

/// In the order of the outcomes.
constexpr std::array<std::string_view, 13> words{"OK",
                                                 "INSUFFICIENT_FUNDS",
                                                 "LIMIT_REACHED",
                                                 "GAME_NOT_ALLOWED",
                                                 "PLAYER_BLOCKED",
                                                 "SESSION_EXPIRED",
                                                 "INVALID_TOKEN",
                                                 "PLAYER_NOT_FOUND",
                                                 "CURRENCY_MISMATCH",
                                                 "INVALID_AMOUNT",
                                                 "TRANSACTION_CONFLICT",
                                                 "TRANSACTION_NOT_FOUND",
                                                 "ALREADY_ROLLED_BACK"};

std::optional<MovementKind> movement_kind(std::string_view operation) {
  if (operation == "debit") return MovementKind::debit;
  if (operation == "credit") return MovementKind::credit;
  if (operation == "rollback") return MovementKind::rollback;
  if (operation == "adjust") return MovementKind::adjust;
  return std::nullopt;
}

std::string_view name_of(MovementKind kind) {
  constexpr std::array<std::string_view, 4> names{"debit", "credit", "rollback", "adjust"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(RowStatus status) {
  switch (status) {
    case RowStatus::booked:
      return "OK";
    case RowStatus::rolled_back:
      return "ROLLED_BACK";
    case RowStatus::tombstone:
      return "TOMBSTONE";
    case RowStatus::refused:
      break;
  }
  return "REFUSED";
}

std::string optional_text(ObjectReader& body, std::string_view name) {
  return body.optional_text(name, {0, 255}).value_or("");
}

void read_amount(ObjectReader& body, bool is_required, WalletRequest& request) {
  const auto text =
      is_required ? body.required_text("amount", {1, 40}) : body.optional_text("amount", {1, 40});
  Movement& movement = request.movement;
  if (!text || !movement.currency) return;
  const auto minor = parse_amount(*text, *movement.currency);
  request.has_valid_amount =
      minor.has_value() && (*minor >= 0 || movement.kind == MovementKind::adjust);
  movement.amount_minor = minor.value_or(0);
}

void read_movement(ObjectReader& body, WalletRequest& request) {
  Movement& movement = request.movement;
  const bool is_rollback = movement.kind == MovementKind::rollback;
  movement.transaction_id = body.required_text("transactionId").value_or("");
  movement.reference_id =
      is_rollback ? body.required_text("refId").value_or("") : optional_text(body, "refId");
  movement.round_id = optional_text(body, "roundId");
  movement.player_id =
      is_rollback ? optional_text(body, "playerId") : body.required_text("playerId").value_or("");
  movement.game_code = optional_text(body, "gameCode");
  movement.currency = is_rollback ? body.optional_currency() : body.required_currency();
  read_amount(body, !is_rollback, request);
}

std::string describe(const Error& error) {
  if (error.fields.empty()) return error.detail;
  const FieldError& first = error.fields.front();
  return std::string(first.pointer).append(": ").append(first.detail);
}

void write_money(Writer& writer, const Receipt& receipt) {
  writer.member("balance", format_amount(receipt.balance_minor, *receipt.currency));
  writer.member("bonusBalance", format_amount(0, *receipt.currency));
  writer.member("currency", receipt.currency->code());
}

void write_player(Writer& writer, const std::string& player_id) {
  writer.member("playerId", player_id).member("sessionToken", "session-" + player_id);
  writer.member("country", "KZ").member("displayName", "Player " + player_id);
}

/// `amount` is more than the contract asks for: a caller can hold it against what it sent.
void write_booking(Writer& writer, const WalletRequest& request, const Receipt& receipt) {
  writer.member("walletTransactionId", receipt.wallet_transaction_id);
  if (receipt.currency) {
    writer.member("amount", format_amount(receipt.moved_minor, *receipt.currency));
  }
  writer.member("duplicate", receipt.duplicate);
  writer.member("processedAt", receipt.processed_at.rfc3339());
  if (request.movement.kind == MovementKind::rollback && receipt.reference_unknown) {
    writer.member("message", "the debit was never booked and now never will be");
  }
}

void write_row(Writer& writer, const ListedRow& row) {
  const Movement& movement = row.movement;
  writer.begin_object().member("transactionId", movement.transaction_id);
  writer.member("refId", movement.reference_id).member("type", name_of(movement.kind));
  writer.member("playerId", movement.player_id).member("roundId", movement.round_id);
  if (row.currency) {
    writer.member("currency", row.currency->code());
    writer.member("amount", format_amount(row.amount_minor, *row.currency));
  }
  writer.member("status", name_of(row.status));
  writer.member("walletTransactionId", row.wallet_transaction_id);
  writer.member("processedAt", row.processed_at.rfc3339()).end_object();
}

}  // namespace

std::string_view wallet_word(Outcome outcome) { return words[static_cast<std::size_t>(outcome)]; }

Result<WalletRequest> parse_wallet_request(std::string_view operation, std::string_view body) {
  const json::Value document = TRY(json::parse(body));
  std::vector<FieldError> problems;
  ObjectReader reader(document, "", problems);
  WalletRequest request;
  request.operation = operation;
  request.request_id = reader.required_text("requestId").value_or("");
  request.movement.session_token = optional_text(reader, "sessionToken");
  if (const auto kind = movement_kind(operation)) {
    request.movement.kind = *kind;
    read_movement(reader, request);
  } else if (operation == "balance") {
    request.movement.player_id = reader.required_text("playerId").value_or("");
    request.movement.currency = reader.optional_currency();
  } else {
    request.movement.session_token = reader.required_text("sessionToken").value_or("");
    request.movement.player_id = optional_text(reader, "playerId");
    request.movement.currency = reader.optional_currency();
  }
  // Members that nobody asked for are passed over: operators extend their dialects.
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return request;
}

http::Response wallet_answer(const WalletRequest& request, const Receipt& receipt) {
  std::string body;
  Writer writer(body);
  const bool is_ok = receipt.outcome == Outcome::ok;
  writer.begin_object().member("status", wallet_word(receipt.outcome));
  writer.member("requestId", request.request_id);
  const bool is_movement = movement_kind(request.operation).has_value();
  if (is_movement) writer.member("transactionId", request.movement.transaction_id);
  if (receipt.currency) write_money(writer, receipt);
  if (is_ok && is_movement) write_booking(writer, request, receipt);
  if (is_ok && !is_movement) write_player(writer, request.movement.player_id);
  if (!is_ok) writer.member("message", "refused by the sandbox operator");
  writer.end_object();
  return http::Response::ok(std::move(body));
}

http::Response wallet_bad_request(const Error& error) {
  std::string body;
  Writer(body)
      .begin_object()
      .member("status", "BAD_REQUEST")
      .member("message", describe(error))
      .end_object();
  return {400, std::move(body)};
}

http::Response wallet_bad_signature() {
  return {
      401,
      R"({"status":"INVALID_SIGNATURE","message":"check the keys, the time and what is signed"})"};
}

http::Response wallet_list(const RowPage& page) {
  std::string body;
  Writer writer(body);
  writer.begin_object().key("data").begin_array();
  for (const ListedRow& row : page.rows) write_row(writer, row);
  writer.end_array().key("next_cursor");
  if (page.next) {
    writer.value(std::to_string(*page.next));
  } else {
    writer.null();
  }
  writer.end_object();
  return http::Response::ok(std::move(body));
}

}  // namespace florin::sandbox
