#include "hub/wallet/json.h"

#include "platform/json/writer.h"

namespace florin::hub {
namespace {

using json::Writer;

void write_currency(Writer& writer, const WalletTransaction& transaction) {
  writer.key("currency");
  if (transaction.currency) {
    writer.value(transaction.currency->code());
  } else {
    writer.null();
  }
}

void write_balance(Writer& writer, const WalletTransaction& transaction) {
  writer.key("balanceCents");
  if (transaction.balance_minor) {
    writer.value(*transaction.balance_minor);
  } else {
    writer.null();
  }
}

/// What was asked; the same for ever.
void write_movement(Writer& writer, const WalletTransaction& t) {
  writer.member("transactionId", t.id.str())
      .member("kind", to_word(t.kind))
      .member("playerId", t.player)
      .member("amountCents", t.amount_minor);
  write_currency(writer, t);
  writer.member("refId", t.ref);
}

}  // namespace

void append_json(std::string& out, const WalletTransaction& t, std::string_view partner_code) {
  Writer writer(out);
  writer.begin_object();
  write_movement(writer, t);
  writer.member("partnerId", partner_code).member("status", to_word(t.state));
  writer.member("idempotencyKey", t.key);
  write_balance(writer, t);
  if (t.target) writer.member("targetId", t.target.str());
  if (t.transfer != 0) writer.member("transferId", TransferId{t.transfer}.str());
  if (!t.refusal.empty()) writer.member("code", t.refusal);
  if (t.operator_reference) writer.member("operatorReference", *t.operator_reference);
  if (t.is_stuck) writer.member("stuck", true);
  if (!t.pending_reason.empty()) writer.member("pendingReason", t.pending_reason);
  writer.member_raw("meta", t.meta)
      .member("createdAt", t.created_at.rfc3339())
      .member("updatedAt", t.updated_at.rfc3339())
      .end_object();
}

std::string done_body(const WalletTransaction& t) {
  std::string body;
  body.reserve(320);
  Writer writer(body);
  writer.begin_object().member("status", "OK");
  write_movement(writer, t);
  write_balance(writer, t);
  writer.member("createdAt", t.created_at.rfc3339()).end_object();
  return body;
}

std::string pending_body(const WalletTransaction& t) {
  std::string body;
  Writer writer(body);
  writer.begin_object().member("status", "PENDING");
  write_movement(writer, t);
  writer.member("createdAt", t.created_at.rfc3339()).end_object();
  return body;
}

}  // namespace florin::hub
