#include "ledger/store/transfer_store.h"

#include "base/id_generator.h"
#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

#define FLORIN_TRANSFER_COLUMNS                                                                   \
  "SELECT id, tenant_id, kind, posting_count, reference, description, metadata, effective_at_us," \
  " created_at_us, hold_id, reverses_id FROM transfers"
constexpr Query transfer_by_id{"ledger.transfer_by_id", FLORIN_TRANSFER_COLUMNS " WHERE id = $1"};
constexpr Query transfer_of_tenant{"ledger.transfer_of_tenant",
                                   FLORIN_TRANSFER_COLUMNS " WHERE id = $1 AND tenant_id = $2"};
#define FLORIN_RANGE " WHERE tenant_id = $1 AND id >= $2 AND id <= $3 ORDER BY id"
constexpr OrderedQuery transfers_of_tenant{
    {"ledger.transfers_newest_first", FLORIN_TRANSFER_COLUMNS FLORIN_RANGE " DESC",
     sql::Rows::many},
    {"ledger.transfers_oldest_first", FLORIN_TRANSFER_COLUMNS FLORIN_RANGE, sql::Rows::many}};
#define FLORIN_OF_HOLD \
  " WHERE hold_id IS NOT NULL AND hold_id = $1 AND id >= $2 AND id <= $3 ORDER BY id"
constexpr OrderedQuery transfers_of_hold{
    {"ledger.transfers_of_hold_newest_first", FLORIN_TRANSFER_COLUMNS FLORIN_OF_HOLD " DESC",
     sql::Rows::many},
    {"ledger.transfers_of_hold_oldest_first", FLORIN_TRANSFER_COLUMNS FLORIN_OF_HOLD,
     sql::Rows::many}};
#undef FLORIN_OF_HOLD
// The postings of a transfer have ids from its own on.
#define FLORIN_WHOLE_TRANSFERS                                                                 \
  "SELECT t.id, t.tenant_id, t.kind, t.posting_count, t.reference, t.description, t.metadata," \
  " t.effective_at_us, t.created_at_us, t.hold_id, t.reverses_id, p.debit_id, p.credit_id,"    \
  " p.amount_minor, p.currency FROM transfers t JOIN postings p"                               \
  " ON p.id >= t.id AND p.id < t.id + t.posting_count"                                         \
  " WHERE t.tenant_id = $1 AND t.id >= $2 AND t.id <= $3 ORDER BY t.id"
constexpr OrderedQuery whole_transfers{
    {"ledger.whole_transfers_newest_first", FLORIN_WHOLE_TRANSFERS " DESC, p.id", sql::Rows::many},
    {"ledger.whole_transfers_oldest_first", FLORIN_WHOLE_TRANSFERS ", p.id", sql::Rows::many}};
#undef FLORIN_WHOLE_TRANSFERS
#undef FLORIN_TRANSFER_COLUMNS
constexpr Query reversal_of{"ledger.reversal_of",
                            "SELECT id FROM transfers WHERE reverses_id = $1"};
constexpr Query transfer_insert{
    "ledger.transfer_insert",
    "INSERT INTO transfers (id, tenant_id, kind, posting_count, reference, description, metadata, "
    "effective_at_us,"
    " created_at_us, hold_id, reverses_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};

constexpr Query postings_between{"ledger.postings_between", FLORIN_POSTING_COLUMNS
                                 " FROM postings p WHERE p.id >= $1 AND p.id <= $2 ORDER BY p.id"};
constexpr Query all_postings_between{"ledger.all_postings_between", postings_between.sql,
                                     sql::Rows::many};
constexpr Query postings_effective_within{
    "ledger.postings_effective_within",
    FLORIN_POSTING_COLUMNS
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id >= $1 AND "
    "t.tenant_id = $2 AND t.effective_at_us >= $3 AND t.effective_at_us < $4 ORDER BY p.id",
    sql::Rows::many};
constexpr Query postings_created_within{
    "ledger.postings_created_within",
    FLORIN_POSTING_COLUMNS
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id >= $1 AND "
    "t.tenant_id = $2 AND t.created_at_us >= $3 AND t.created_at_us < $4 ORDER BY p.id",
    sql::Rows::many};
constexpr Query posting_insert{"ledger.posting_insert",
                               "INSERT INTO postings (id, transfer_id, debit_id, credit_id, "
                               "amount_minor, currency, debit_previous,"
                               " debit_sequence, debit_balance, credit_previous, credit_sequence, "
                               "credit_balance, backdated_to_us)"
                               " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};

Transfer read_transfer(const Row& row) {
  Transfer transfer;
  transfer.id = {row.integer(0)};
  transfer.tenant = {row.integer(1)};
  transfer.kind = sql::word(row, 2, "transfers.kind", parse_word<TransferKind>);
  transfer.details = {row.optional_text(4), row.optional_text(5), std::string(row.text(6))};
  transfer.effective_at = {row.integer(7)};
  transfer.created_at = {row.integer(8)};
  transfer.hold = {row.integer(9)};
  transfer.reverses = {row.integer(10)};
  return transfer;
}

engine::PostingRow read_posting(const Row& row, Currency currency) {
  return {.id = row.integer(0),
          .transfer = {row.integer(1)},
          .posting = {{row.integer(2)}, {row.integer(3)}, {row.integer(4), currency}},
          .debit = {row.integer(6), row.integer(7), row.integer(8)},
          .credit = {row.integer(9), row.integer(10), row.integer(11)}};
}

Result<void> insert_transfer(Tx& tx, const Transfer& transfer) {
  TRY(tx.exec(transfer_insert,
              {transfer.id.value, transfer.tenant.value, to_word(transfer.kind),
               static_cast<std::int64_t>(transfer.postings.size()), transfer.details.reference,
               transfer.details.description, transfer.details.metadata, transfer.effective_at.us,
               transfer.created_at.us, id_or_null(transfer.hold), id_or_null(transfer.reverses)}));
  return {};
}

Result<void> insert_posting(Tx& tx, const engine::PostingRow& row,
                            std::optional<std::int64_t> backdated_to_us) {
  const Posting& posting = row.posting;
  TRY(tx.exec(
      posting_insert,
      {row.id, row.transfer.value, posting.debit.value, posting.credit.value, posting.amount.minor,
       posting.amount.currency.code(), row.debit.previous, row.debit.sequence, row.debit.balance,
       row.credit.previous, row.credit.sequence, row.credit.balance, backdated_to_us}));
  return {};
}

Result<std::optional<Transfer>> load_transfer(Tx& tx, const Query& query,
                                              std::initializer_list<Param> params) {
  std::int64_t posting_count = 0;
  auto transfer = TRY(find_one<Transfer>(tx, query, params, [&](const Row& row) {
    posting_count = row.integer(3);
    return read_transfer(row);
  }));
  if (!transfer) return transfer;
  const std::int64_t first = transfer->id.value;
  TRY(visit_postings(tx, first, first + posting_count - 1, [&](const engine::PostingRow& row) {
    transfer->postings.push_back(row.posting);
    return true;
  }));
  return transfer;
}

}  // namespace

engine::PostingRow read_posting(const Row& row) {
  return read_posting(row, currency_at(row, 5, "postings.currency"));
}

Result<std::optional<Transfer>> load_transfer(Tx& tx, TransferId id) {
  return load_transfer(tx, transfer_by_id, {id.value});
}

Result<std::optional<Transfer>> load_transfer(Tx& tx, TenantId tenant, TransferId id) {
  return load_transfer(tx, transfer_of_tenant, {id.value, tenant.value});
}

Result<std::vector<PostingBalances>> load_balances(Tx& tx, const Transfer& transfer) {
  std::vector<PostingBalances> balances;
  const auto count = static_cast<std::int64_t>(transfer.postings.size());
  TRY(visit_postings(tx, transfer.id.value, transfer.id.value + count - 1,
                     [&](const engine::PostingRow& row) {
                       balances.push_back({row.debit.balance, row.credit.balance});
                       return true;
                     }));
  return balances;
}

Result<TransferId> find_reversal_of(Tx& tx, TransferId id) {
  const auto found = TRY(find_one<TransferId>(
      tx, reversal_of, {id.value}, [](const Row& row) { return TransferId{row.integer(0)}; }));
  return found.value_or(TransferId{});
}

Result<void> save_transfers(Tx& tx, const engine::Changes& changes) {
  auto row = changes.postings.begin();
  for (const engine::PostedTransfer& posted : changes.transfers) {
    const Transfer& transfer = posted.transfer;
    TRY(insert_transfer(tx, transfer));
    const bool backdated = transfer.effective_at != transfer.created_at;
    const auto backdated_to = backdated ? std::optional(transfer.effective_at.us) : std::nullopt;
    for (std::size_t i = 0; i < transfer.postings.size(); ++i)
      TRY(insert_posting(tx, *row++, backdated_to));
  }
  return {};
}

Result<void> visit_transfers(Tx& tx, TenantId tenant, const IdRange& range,
                             const TransferVisitor& visit) {
  return tx.query(transfers_of_tenant.in(range.order), {tenant.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_transfer(row)); });
}

Result<void> visit_whole_transfers(Tx& tx, TenantId tenant, const IdRange& range,
                                   const TransferVisitor& visit) {
  std::optional<Transfer> transfer;  // Its postings are coming in.
  bool goes_on = true;
  TRY(tx.query(whole_transfers.in(range.order), {tenant.value, range.low, range.high},
               [&](const Row& row) {
                 if (transfer && transfer->id.value != row.integer(0)) {
                   goes_on = visit(*transfer);
                   transfer.reset();
                 }
                 if (!goes_on) return false;
                 if (!transfer) transfer = read_transfer(row);
                 transfer->postings.push_back(
                     {{row.integer(11)},
                      {row.integer(12)},
                      {row.integer(13), currency_at(row, 14, "postings.currency")}});
                 return true;
               }));
  if (goes_on && transfer) visit(*transfer);
  return {};
}

Result<void> visit_transfers_of_hold(Tx& tx, HoldId hold, const IdRange& range,
                                     const TransferVisitor& visit) {
  return tx.query(transfers_of_hold.in(range.order), {hold.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_transfer(row)); });
}

Result<void> visit_postings(Tx& tx, std::int64_t from, std::int64_t to,
                            const PostingVisitor& visit) {
  // Those of one transfer, or all of a long range.
  const bool is_long = to - from >= static_cast<std::int64_t>(max_postings);
  return tx.query(is_long ? all_postings_between : postings_between, {from, to},
                  [&](const Row& row) { return visit(read_posting(row)); });
}

Result<void> visit_stored_postings(Tx& tx, const StoredPostingVisitor& visit) {
  return tx.query(all_postings_between, {std::int64_t{0}, INT64_MAX}, [&](const Row& row) {
    const std::string_view currency = row.text(5);
    visit(read_posting(row, currency_of(currency)), currency);
    return true;
  });
}

Result<void> visit_postings_within(Tx& tx, TenantId tenant, const Window& window,
                                   const PostingVisitor& visit) {
  // Nothing is effective later than it was created, and no row is newer than its id.
  const Query& query = window.effective ? postings_effective_within : postings_created_within;
  return tx.query(query,
                  {IdGenerator::first_at(window.from), tenant.value, window.from.us, window.to.us},
                  [&](const Row& row) { return visit(read_posting(row)); });
}

std::vector<const Query*> transfer_list_queries() {
  std::vector<const Query*> queries;
  for (const OrderedQuery* both : {&transfers_of_tenant, &transfers_of_hold, &whole_transfers}) {
    queries.push_back(&both->newest_first);
    queries.push_back(&both->oldest_first);
  }
  return queries;
}

}  // namespace florin::ledger::store
