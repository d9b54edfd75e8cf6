#include "hub/wallet/store.h"

#include <algorithm>
#include <cstring>

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::hub::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

#define FLORIN_HUB_COLUMNS                                                                 \
  "id, tenant_id, partner_id, kind, state, idempotency_key, request, signature, player,"   \
  " currency, amount_minor, ref, target_id, transfer_id, balance_minor, credits, refusal," \
  " answer, answer_status, request_id, meta, operator_reference, operator_attempts, "      \
  "next_check_us, stuck, "                                                                 \
  "created_at_us,"                                                                         \
  " updated_at_us, pending_reason"
#define FLORIN_HUB_SELECT "SELECT " FLORIN_HUB_COLUMNS " FROM hub_transactions"

constexpr Query by_key{"hub.by_key", FLORIN_HUB_SELECT
                       " WHERE partner_id = $1 AND kind = $2 AND idempotency_key = $3"};
constexpr Query by_id{"hub.by_id", FLORIN_HUB_SELECT " WHERE id = $1 AND partner_id = $2"};
constexpr Query of_tenant{"hub.of_tenant", FLORIN_HUB_SELECT " WHERE id = $1 AND tenant_id = $2"};
constexpr Query by_ref{"hub.by_ref", FLORIN_HUB_SELECT
                       " WHERE partner_id = $1 AND ref = $2 ORDER BY id DESC LIMIT $3"};
constexpr Query by_ref_of_player{
    "hub.by_ref_of_player",
    "SELECT * FROM (" FLORIN_HUB_SELECT
    " WHERE partner_id = $1 AND ref = $2 AND player = $3 ORDER BY id DESC LIMIT $4) AS named"
    " UNION ALL SELECT * FROM (" FLORIN_HUB_SELECT
    " WHERE partner_id = $1 AND ref = $2 AND player = '' ORDER BY id DESC LIMIT $4) AS nameless"};
constexpr Query newest_of_tenant{
    "hub.newest_of_tenant", FLORIN_HUB_SELECT " WHERE id < $2 AND tenant_id = $1 ORDER BY id DESC"};
constexpr Query of_period{
    "hub.of_period", FLORIN_HUB_SELECT
    " WHERE id > $2 AND id <= $5 AND partner_id = $1 AND created_at_us < $4 AND"
    " created_at_us >= $3 ORDER BY id LIMIT $6"};
constexpr Query due{"hub.due", FLORIN_HUB_SELECT
                    " WHERE state = 'PENDING' AND next_check_us <= $1"
                    " ORDER BY next_check_us LIMIT $2"};
constexpr Query insert_row{"hub.insert", "INSERT INTO hub_transactions (" FLORIN_HUB_COLUMNS
                                         ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
                                         " $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,"
                                         " $23, $24, $25, $26, $27, $28)"};
#undef FLORIN_HUB_SELECT
#undef FLORIN_HUB_COLUMNS
constexpr Query signature_of_ref{
    "hub.signature_of_ref",
    "SELECT 1 FROM hub_transactions WHERE partner_id = $1 AND ref = $2 AND signature = $3"
    " AND created_at_us >= $4 AND ($5 = '' OR player = $5) LIMIT 1"};
constexpr Query pending_count{
    "hub.pending_count",
    "SELECT count(*), coalesce(sum(stuck), 0) FROM hub_transactions WHERE state = 'PENDING'"};
constexpr Query delete_row{"hub.delete",
                           "DELETE FROM hub_transactions WHERE id = $1 AND state = 'PENDING'"};
constexpr Query postpone_row{"hub.postpone",
                             "UPDATE hub_transactions SET next_check_us = $2 WHERE id = $1"};
constexpr Query update_row{
    "hub.update",
    "UPDATE hub_transactions SET state = $2, target_id = $3, transfer_id = $4, balance_minor = $5,"
    " credits = $6, refusal = $7, answer = $8, answer_status = $9, operator_reference = $10,"
    " operator_attempts = $11, next_check_us = $12, stuck = $13, updated_at_us = $14,"
    " pending_reason = $15 WHERE id = $1"};
constexpr Query one_more_credit{"hub.one_more_credit",
                                "UPDATE hub_transactions SET credits = credits + 1 WHERE id = $1"};
constexpr Query greatest_id{
    "hub.greatest_id",
    "SELECT max(id) FROM (SELECT max(id) AS id FROM hub_transactions UNION ALL"
    " SELECT max(id) FROM partners UNION ALL SELECT max(id) FROM partner_secrets) AS ids"};

template <class Array>
std::string_view bytes_of(const Array& array) {
  return {reinterpret_cast<const char*>(array.data()), array.size()};
}

template <class Array>
Array array_from(std::string_view bytes) {
  Array array{};
  std::memcpy(array.data(), bytes.data(), std::min(bytes.size(), array.size()));
  return array;
}

Param text_or_null(const std::string& text) { return text.empty() ? Param(nullptr) : Param(text); }

std::optional<std::int64_t> us_of(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->us) : std::nullopt;
}

WalletTransaction read(const Row& row) {
  WalletTransaction t;
  t.id = {row.integer(0)};
  t.tenant = {row.integer(1)};
  t.partner = {row.integer(2)};
  t.kind = sql::word(row, 3, "hub_transactions.kind", parse_kind);
  t.state = sql::word(row, 4, "hub_transactions.state", parse_state);
  t.key = row.text(5);
  t.request = array_from<idempotency::Digest>(row.blob(6));
  t.signature = array_from<SignatureMark>(row.blob(7));
  t.player = row.text(8);
  t.currency = Currency::parse(row.text(9));
  if (!t.currency && !row.text(9).empty()) sql::refuse_word(row, 9, "hub_transactions.currency");
  t.amount_minor = row.integer(10);
  t.ref = row.text(11);
  t.target = {row.integer(12)};
  t.transfer = row.integer(13);
  t.balance_minor = row.optional_integer(14);
  t.credits = row.integer(15);
  t.refusal = row.text(16);
  t.answer = row.text(17);
  t.answer_status = static_cast<int>(row.integer(18));
  t.request_id = row.text(19);
  t.meta = row.text(20);
  t.operator_reference = row.optional_text(21);
  t.operator_attempts = row.integer(22);
  if (const auto at = row.optional_integer(23)) t.next_check = Timestamp{*at};
  t.is_stuck = row.integer(24) == 1;
  t.created_at = {row.integer(25)};
  t.updated_at = {row.integer(26)};
  t.pending_reason = row.text(27);
  return t;
}

Result<std::optional<WalletTransaction>> first_of(Tx& tx, const Query& query,
                                                  std::initializer_list<Param> params) {
  std::optional<WalletTransaction> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found = read(row);
    return false;
  }));
  return found;
}

}  // namespace

Result<std::optional<WalletTransaction>> find_by_key(Tx& tx, PartnerId partner, Kind kind,
                                                     std::string_view key) {
  return first_of(tx, by_key, {partner.value, to_string(kind), key});
}

Result<std::optional<WalletTransaction>> find(Tx& tx, PartnerId partner, WalletTransactionId id) {
  return first_of(tx, by_id, {id.value, partner.value});
}

Result<std::optional<WalletTransaction>> find(Tx& tx, TenantId tenant, WalletTransactionId id) {
  return first_of(tx, of_tenant, {id.value, tenant.value});
}

Result<void> visit_by_ref(Tx& tx, const RefOf& which, int limit, const Visitor& visit) {
  const auto each = [&](const Row& row) { return visit(read(row)); };
  if (which.player.empty()) return tx.query(by_ref, {which.partner.value, which.ref, limit}, each);
  return tx.query(by_ref_of_player, {which.partner.value, which.ref, which.player, limit}, each);
}

Result<bool> has_signature(Tx& tx, const RefOf& which, const SignatureMark& signature,
                           Timestamp since) {
  bool is_found = false;
  TRY(tx.query(
      signature_of_ref,
      {which.partner.value, which.ref, Param::blob(bytes_of(signature)), since.us, which.player},
      [&](const Row&) {
        is_found = true;
        return false;
      }));
  return is_found;
}

Result<void> visit_newest(Tx& tx, TenantId tenant, std::int64_t before, const Visitor& visit) {
  const std::int64_t end = before == 0 ? INT64_MAX : before;
  return tx.query(newest_of_tenant, {tenant.value, end},
                  [&](const Row& row) { return visit(read(row)); });
}

Result<std::vector<WalletTransaction>> find_period(Tx& tx, PartnerId partner, Timestamp from,
                                                   Timestamp to, WalletTransactionId after,
                                                   int limit) {
  // Ids tell the time they were made at, which is never before created_at; a clock that is set back
  // leaves later ids with earlier times, for a day at most.
  constexpr std::int64_t day_s = 86'400;
  const std::int64_t first = std::max(IdGenerator::first_at(from) - 1, after.value);
  const std::int64_t last = IdGenerator::first_at(to.plus_seconds(day_s));
  std::vector<WalletTransaction> found;
  TRY(tx.query(of_period, {partner.value, first, from.us, to.us, last, limit}, [&](const Row& row) {
    found.push_back(read(row));
    return true;
  }));
  return found;
}

Result<std::vector<WalletTransaction>> find_due(Tx& tx, Timestamp now, int limit) {
  std::vector<WalletTransaction> found;
  TRY(tx.query(due, {now.us, limit}, [&](const Row& row) {
    found.push_back(read(row));
    return true;
  }));
  return found;
}

Result<void> postpone(Tx& tx, const std::vector<WalletTransaction>& waiting, Timestamp until) {
  for (const WalletTransaction& transaction : waiting)
    TRY(tx.send(postpone_row, {transaction.id.value, until.us}));
  return {};
}

Result<PendingCounts> count_pending(Tx& tx) {
  PendingCounts counts;
  TRY(tx.query(pending_count, {}, [&](const Row& row) {
    counts = {row.integer(0), row.integer(1)};
    return false;
  }));
  return counts;
}

Result<void> insert(Tx& tx, const WalletTransaction& t) {
  const std::string_view currency = t.currency ? t.currency->code() : "";
  return tx.send(insert_row, {t.id.value,
                              t.tenant.value,
                              t.partner.value,
                              to_string(t.kind),
                              to_string(t.state),
                              t.key,
                              Param::blob(bytes_of(t.request)),
                              Param::blob(bytes_of(t.signature)),
                              t.player,
                              currency,
                              t.amount_minor,
                              t.ref,
                              t.target.value,
                              t.transfer,
                              t.balance_minor,
                              t.credits,
                              text_or_null(t.refusal),
                              text_or_null(t.answer),
                              t.answer_status,
                              t.request_id,
                              t.meta,
                              t.operator_reference,
                              t.operator_attempts,
                              us_of(t.next_check),
                              t.is_stuck,
                              t.created_at.us,
                              t.updated_at.us,
                              text_or_null(t.pending_reason)});
}

Result<void> update(Tx& tx, const WalletTransaction& t) {
  return tx.send(update_row,
                 {t.id.value, to_string(t.state), t.target.value, t.transfer, t.balance_minor,
                  t.credits, text_or_null(t.refusal), text_or_null(t.answer), t.answer_status,
                  t.operator_reference, t.operator_attempts, us_of(t.next_check), t.is_stuck,
                  t.updated_at.us, text_or_null(t.pending_reason)});
}

Result<void> remove(Tx& tx, WalletTransactionId id) { return tx.send(delete_row, {id.value}); }

Result<void> add_credit(Tx& tx, WalletTransactionId debit) {
  return tx.send(one_more_credit, {debit.value});
}

Result<std::int64_t> find_newest_id(Tx& tx) {
  std::int64_t greatest = 0;
  TRY(tx.query(greatest_id, {}, [&](const Row& row) {
    greatest = row.integer(0);
    return false;
  }));
  return greatest;
}

}  // namespace florin::hub::store
