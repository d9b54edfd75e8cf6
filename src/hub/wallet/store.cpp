#include "hub/wallet/store.h"

#include <algorithm>

#include "base/id_generator.h"
#include "base/try.h"
#include "platform/sql/list.h"
#include "platform/sql/table.h"

namespace florin::hub::store {
namespace {

using sql::Query;
using sql::Role;
using sql::Row;
using sql::Tx;

/// A rollback that found nothing may name no currency.
std::string currency_text(const std::optional<Currency>& currency) {
  return currency ? std::string(currency->code()) : "";
}

std::optional<std::optional<Currency>> currency_from(std::string_view code) {
  const auto currency = Currency::parse(code);
  if (!currency && !code.empty()) return std::nullopt;
  return std::optional(currency);
}

using W = WalletTransaction;
const sql::Table<W> transactions(
    "hub_transactions",
    {
        {"id", &W::id, {.role = Role::key}},
        {"tenant_id", &W::tenant, {.role = Role::key}},
        {"partner_id", &W::partner, {.role = Role::fixed}},
        {"kind", &W::kind, {.role = Role::fixed}},
        {"state", &W::state},
        {"idempotency_key", &W::key, {.role = Role::fixed}},
        {"request", &W::request, {.role = Role::fixed}},
        {"signature", &W::signature, {.role = Role::fixed}},
        {"player", &W::player, {.role = Role::fixed}},
        {"currency", &W::currency, {currency_text, currency_from}, {.role = Role::fixed}},
        {"amount_minor", &W::amount_minor, {.role = Role::fixed}},
        {"ref", &W::ref, {.role = Role::fixed}},
        {"target_id", &W::target},
        {"transfer_id", &W::transfer},
        {"balance_minor", &W::balance_minor},
        {"credits", &W::credits},
        {"refusal", &W::refusal, {.empty_is_null = true}},
        {"answer", &W::answer, {.empty_is_null = true}},
        {"answer_status", &W::answer_status},
        {"request_id", &W::request_id, {.role = Role::fixed}},
        {"meta", &W::meta, {.role = Role::fixed}},
        {"operator_reference", &W::operator_reference},
        {"operator_attempts", &W::operator_attempts},
        {"pending_reason", &W::pending_reason, {.empty_is_null = true}},
        {"next_check_us", &W::next_check},
        {"stuck", &W::is_stuck},
        {"created_at_us", &W::created_at, {.role = Role::fixed}},
        {"updated_at_us", &W::updated_at},
    });
const auto by_key = transactions.select(
    "hub.by_key", "WHERE partner_id = $1 AND kind = $2 AND idempotency_key = $3");
const auto by_id = transactions.select("hub.by_id", "WHERE id = $1 AND partner_id = $2");
const auto of_tenant = transactions.select("hub.of_tenant", "WHERE id = $1 AND tenant_id = $2");
const auto by_ref = transactions.select(
    "hub.by_ref", "WHERE partner_id = $1 AND ref = $2 ORDER BY id DESC LIMIT $3");
const auto by_ref_of_player = transactions.select(
    "hub.by_ref_of_player",
    "SELECT * FROM ({SELECT} WHERE partner_id = $1 AND ref = $2 AND player = $3"
    " ORDER BY id DESC LIMIT $4) AS named UNION ALL SELECT * FROM ({SELECT}"
    " WHERE partner_id = $1 AND ref = $2 AND player = '' ORDER BY id DESC LIMIT $4) AS nameless");
const auto of_period =
    transactions.select("hub.of_period",
                        "WHERE id > $2 AND id <= $5 AND partner_id = $1 AND created_at_us < $4"
                        " AND created_at_us >= $3 ORDER BY id LIMIT $6");
const auto due = transactions.select(
    "hub.due", "WHERE state = 'PENDING' AND next_check_us <= $1 ORDER BY next_check_us LIMIT $2");
const sql::List<W> newest_first(transactions, "hub.newest_of_tenant");

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
constexpr Query one_more_credit{"hub.one_more_credit",
                                "UPDATE hub_transactions SET credits = credits + 1 WHERE id = $1"};
constexpr Query greatest_id{
    "hub.greatest_id",
    "SELECT max(id) FROM (SELECT max(id) AS id FROM hub_transactions UNION ALL"
    " SELECT max(id) FROM partners UNION ALL SELECT max(id) FROM partner_secrets) AS ids"};

}  // namespace

Result<std::optional<W>> find_by_key(Tx& tx, PartnerId partner, Kind kind, std::string_view key) {
  return by_key.first(tx, {partner.value, to_word(kind), key});
}

Result<std::optional<W>> find(Tx& tx, PartnerId partner, WalletTransactionId id) {
  return by_id.first(tx, {id.value, partner.value});
}

Result<std::optional<W>> find(Tx& tx, TenantId tenant, WalletTransactionId id) {
  return of_tenant.first(tx, {id.value, tenant.value});
}

Result<void> visit_by_ref(Tx& tx, const RefOf& which, int limit, const Visitor& visit) {
  if (which.player.empty()) return by_ref.visit(tx, {which.partner.value, which.ref, limit}, visit);
  return by_ref_of_player.visit(tx, {which.partner.value, which.ref, which.player, limit}, visit);
}

Result<bool> has_signature(Tx& tx, const RefOf& which, const SignatureMark& signature,
                           Timestamp since) {
  bool is_found = false;
  sql::KeptTexts unused;
  TRY(tx.query(signature_of_ref,
               {which.partner.value, which.ref, sql::Cell<SignatureMark>::param(signature, unused),
                since.us, which.player},
               [&](const Row&) {
                 is_found = true;
                 return false;
               }));
  return is_found;
}

Result<Paged<W>> list(Tx& tx, TenantId tenant, const Filter& filter, const PageRequest& page) {
  return newest_first.page(tx, tenant, page,
                           sql::Filters()
                               .equals("partner_id", filter.partner)
                               .equals("player", filter.player)
                               .equals("ref", filter.ref)
                               .equals("idempotency_key", filter.key)
                               .equals("state", filter.state)
                               .equals("kind", filter.kind)
                               .equals("stuck", filter.is_stuck));
}

Result<std::vector<WalletTransaction>> find_period(Tx& tx, PartnerId partner, Timestamp from,
                                                   Timestamp to, WalletTransactionId after,
                                                   int limit) {
  // Ids tell the time they were made at, which is never before created_at; a clock that is set back
  // leaves later ids with earlier times, for a day at most.
  constexpr std::int64_t day_s = 86'400;
  const std::int64_t first = std::max(IdGenerator::first_at(from) - 1, after.value);
  const std::int64_t last = IdGenerator::first_at(to.plus_seconds(day_s));
  return of_period.all(tx, {partner.value, first, from.us, to.us, last, limit});
}

Result<std::vector<WalletTransaction>> find_due(Tx& tx, Timestamp now, int limit) {
  return due.all(tx, {now.us, limit});
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

Result<void> insert(Tx& tx, const W& transaction) { return transactions.send(tx, transaction); }

Result<void> update(Tx& tx, const W& transaction) {
  return transactions.send_change(tx, transaction);
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
