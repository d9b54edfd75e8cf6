#include "ledger/ledger_store.h"

#include <algorithm>
#include <unordered_map>

#include "base/id_generator.h"
#include "base/try.h"
#include "ledger/errors.h"
#include "ledger/set_store.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

using sql::Param;
using sql::Query;
using sql::Row;
using sql::Tx;

constexpr Query account_id_by_code{"ledger.account_id_by_code",
                                   "SELECT id FROM accounts WHERE tenant_id = $1 AND code = $2"};

#define FLORIN_ACCOUNT_STATE                                                              \
  "SELECT a.id, a.tenant_id, a.type, a.currency, a.min_balance, a.max_balance, a.frozen," \
  " a.closed, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending,"    \
  " b.last_posting, b.posting_count"                                                      \
  " FROM accounts a JOIN balances b ON b.account_id = a.id"
constexpr Query account_state_by_id{"ledger.account_state_by_id",
                                    FLORIN_ACCOUNT_STATE " WHERE a.id = $1"};
constexpr Query account_state_by_code{
    "ledger.account_state_by_code", FLORIN_ACCOUNT_STATE " WHERE a.tenant_id = $1 AND a.code = $2"};
#undef FLORIN_ACCOUNT_STATE

/// One query for each order.
struct OrderedQuery {
  Query newest_first, oldest_first;
  const Query& in(Order order) const {
    return order == Order::newest_first ? newest_first : oldest_first;
  }
};

#define FLORIN_ACCOUNT_COLUMNS                                                                    \
  "SELECT a.id, a.tenant_id, a.code, a.type, a.currency, a.min_balance, a.max_balance, a.frozen," \
  " a.closed, a.metadata, a.created_at_us, b.debits_posted, b.credits_posted, b.debits_pending,"  \
  " b.credits_pending FROM accounts a JOIN balances b ON b.account_id = a.id"
constexpr Query account_by_id{"ledger.account_by_id", FLORIN_ACCOUNT_COLUMNS " WHERE a.id = $1"};
constexpr Query account_of_tenant{"ledger.account_of_tenant",
                                  FLORIN_ACCOUNT_COLUMNS " WHERE a.id = $1 AND a.tenant_id = $2"};
constexpr OrderedQuery accounts_of_tenant{
    {"ledger.accounts_newest_first",
     FLORIN_ACCOUNT_COLUMNS
     " WHERE a.tenant_id = $1 AND a.id >= $2 AND a.id <= $3 ORDER BY a.id DESC",
     sql::Rows::many},
    {"ledger.accounts_oldest_first",
     FLORIN_ACCOUNT_COLUMNS " WHERE a.tenant_id = $1 AND a.id >= $2 AND a.id <= $3 ORDER BY a.id",
     sql::Rows::many}};
#undef FLORIN_ACCOUNT_COLUMNS

constexpr Query account_insert{
    "ledger.account_insert",
    "INSERT INTO accounts (id, tenant_id, code, type, currency, min_balance, max_balance, frozen, "
    "closed,"
    " metadata, created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"};
constexpr Query balance_insert{
    "ledger.balance_insert",
    "INSERT INTO balances (account_id, debits_posted, credits_posted, debits_pending,"
    " credits_pending, last_posting, posting_count) VALUES ($1, 0, 0, 0, 0, 0, 0)"};
constexpr Query account_update{
    "ledger.account_update",
    "UPDATE accounts SET min_balance = $2, max_balance = $3, frozen = $4, closed = $5,"
    " metadata = $6 WHERE id = $1"};
constexpr Query balance_update{
    "ledger.balance_update",
    "UPDATE balances SET debits_posted = $2, credits_posted = $3, debits_pending = $4,"
    " credits_pending = $5, last_posting = $6, posting_count = $7 WHERE account_id = $1"};

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

#define FLORIN_POSTING_COLUMNS                                                        \
  "SELECT p.id, p.transfer_id, p.debit_id, p.credit_id, p.amount_minor, p.currency, " \
  "p.debit_previous,"                                                                 \
  " p.debit_sequence, p.debit_balance, p.credit_previous, p.credit_sequence, p.credit_balance"
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
constexpr Query history_entry{
    "ledger.history_entry", FLORIN_POSTING_COLUMNS
    ", t.effective_at_us, t.created_at_us, t.kind, t.reference, t.description"
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id = $1"};
#undef FLORIN_POSTING_COLUMNS
constexpr Query posting_insert{"ledger.posting_insert",
                               "INSERT INTO postings (id, transfer_id, debit_id, credit_id, "
                               "amount_minor, currency, debit_previous,"
                               " debit_sequence, debit_balance, credit_previous, credit_sequence, "
                               "credit_balance, backdated_to_us)"
                               " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"};
constexpr Query backdated_of_account{
    "ledger.backdated_of_account",
    "SELECT amount_minor, 1 FROM postings"
    " WHERE debit_id = $1 AND backdated_to_us IS NOT NULL AND backdated_to_us <= $2"
    " AND (backdated_to_us < $2 OR debit_sequence <= $3) AND debit_sequence > $4"
    " UNION ALL "
    "SELECT amount_minor, 0 FROM postings"
    " WHERE credit_id = $1 AND backdated_to_us IS NOT NULL AND backdated_to_us <= $2"
    " AND (backdated_to_us < $2 OR credit_sequence <= $3) AND credit_sequence > $4"};
#define FLORIN_BACKDATED(side)                                    \
  "SELECT backdated_to_us, " side                                 \
  "_sequence, id FROM postings"                                   \
  " WHERE " side                                                  \
  "_id = $1 AND backdated_to_us IS NOT NULL"                      \
  " AND backdated_to_us >= $2 AND (backdated_to_us > $2 OR " side \
  "_sequence >= $3)"                                              \
  " AND backdated_to_us <= $4 AND (backdated_to_us < $4 OR " side "_sequence <= $5)"
constexpr OrderedQuery backdated_debits{
    {"ledger.backdated_debits_newest_first",
     FLORIN_BACKDATED("debit") " ORDER BY backdated_to_us DESC, debit_sequence DESC LIMIT $6"},
    {"ledger.backdated_debits_oldest_first",
     FLORIN_BACKDATED("debit") " ORDER BY backdated_to_us, debit_sequence LIMIT $6"}};
constexpr OrderedQuery backdated_credits{
    {"ledger.backdated_credits_newest_first",
     FLORIN_BACKDATED("credit") " ORDER BY backdated_to_us DESC, credit_sequence DESC LIMIT $6"},
    {"ledger.backdated_credits_oldest_first",
     FLORIN_BACKDATED("credit") " ORDER BY backdated_to_us, credit_sequence LIMIT $6"}};
#undef FLORIN_BACKDATED

constexpr Query checkpoint_insert{
    "ledger.checkpoint_insert",
    "INSERT INTO history_checkpoints (account_id, created_at_us, sequence, posting_id)"
    " VALUES ($1, $2, $3, $4)"};
constexpr Query checkpoint_after{
    "ledger.checkpoint_after",
    "SELECT posting_id FROM history_checkpoints WHERE account_id = $1 AND created_at_us > $2"
    " ORDER BY created_at_us, sequence LIMIT 1"};
constexpr Query checkpoint_behind{
    "ledger.checkpoint_behind",
    "SELECT posting_id FROM history_checkpoints WHERE account_id = $1 AND created_at_us >= $2"
    " AND (created_at_us > $2 OR sequence > $3) ORDER BY created_at_us, sequence LIMIT 1"};
constexpr Query last_posting_of{"ledger.last_posting_of",
                                "SELECT last_posting FROM balances WHERE account_id = $1"};
constexpr Query step_back{
    "ledger.step_back",
    "SELECT p.debit_id, p.debit_previous, p.credit_previous, t.created_at_us"
    " FROM postings p JOIN transfers t ON t.id = p.transfer_id WHERE p.id = $1"};

#define FLORIN_HOLD_COLUMNS                                                                  \
  "SELECT tenant_id, status, reference, description, metadata, expires_at_us, created_at_us" \
  " FROM holds WHERE id = $1"
constexpr Query hold_by_id{"ledger.hold_by_id", FLORIN_HOLD_COLUMNS};
constexpr Query hold_of_tenant{"ledger.hold_of_tenant", FLORIN_HOLD_COLUMNS " AND tenant_id = $2"};
#undef FLORIN_HOLD_COLUMNS
#define FLORIN_HOLD_HEADS \
  "SELECT h.id, h.status, h.expires_at_us, h.reference, h.metadata, h.created_at_us FROM holds h"
#define FLORIN_HOLD_RANGE " AND h.id >= $2 AND h.id <= $3 ORDER BY h.id"
constexpr OrderedQuery holds_of_tenant{
    {"ledger.holds_newest_first",
     FLORIN_HOLD_HEADS " WHERE h.tenant_id = $1" FLORIN_HOLD_RANGE " DESC", sql::Rows::many},
    {"ledger.holds_oldest_first", FLORIN_HOLD_HEADS " WHERE h.tenant_id = $1" FLORIN_HOLD_RANGE,
     sql::Rows::many}};
#define FLORIN_OF_REFERENCE \
  " WHERE h.tenant_id = $1 AND h.reference IS NOT NULL AND h.reference = $4"
constexpr OrderedQuery holds_of_reference{
    {"ledger.holds_of_reference_newest_first",
     FLORIN_HOLD_HEADS FLORIN_OF_REFERENCE FLORIN_HOLD_RANGE " DESC", sql::Rows::many},
    {"ledger.holds_of_reference_oldest_first",
     FLORIN_HOLD_HEADS FLORIN_OF_REFERENCE FLORIN_HOLD_RANGE, sql::Rows::many}};
#undef FLORIN_OF_REFERENCE
// The first of each side; together they hold the first of both.
#define FLORIN_HOLDS_OF(side, direction)                               \
  "SELECT hold_id FROM (SELECT hold_id FROM hold_postings WHERE " side \
  "_id = $1"                                                           \
  " AND hold_id >= $2 AND hold_id <= $3 ORDER BY hold_id" direction " LIMIT $4) AS " side "s"
#define FLORIN_HOLDS_OF_ACCOUNT(direction)                                                    \
  FLORIN_HOLD_HEADS " WHERE h.id IN (SELECT hold_id FROM (" FLORIN_HOLDS_OF(                  \
      "debit",                                                                                \
      direction) " UNION " FLORIN_HOLDS_OF("credit",                                          \
                                           direction) ") AS sides ORDER BY hold_id" direction \
                                                      " LIMIT $4) ORDER BY h.id" direction
constexpr OrderedQuery holds_of_account{
    {"ledger.holds_of_account_newest_first", FLORIN_HOLDS_OF_ACCOUNT(" DESC"), sql::Rows::many},
    {"ledger.holds_of_account_oldest_first", FLORIN_HOLDS_OF_ACCOUNT(""), sql::Rows::many}};
#undef FLORIN_HOLDS_OF_ACCOUNT
#undef FLORIN_HOLDS_OF
#undef FLORIN_HOLD_RANGE
#undef FLORIN_HOLD_HEADS
#undef FLORIN_RANGE
constexpr Query hold_postings_of{
    "ledger.hold_postings_of",
    "SELECT debit_id, credit_id, amount_minor, currency, remaining FROM hold_postings"
    " WHERE hold_id = $1 ORDER BY place"};
constexpr Query holds_due{
    "ledger.holds_due",
    "SELECT id, tenant_id FROM holds WHERE status = 'open' AND expires_at_us IS NOT NULL"
    " AND expires_at_us <= $1 ORDER BY expires_at_us LIMIT $2"};
constexpr Query due_postings{
    "ledger.due_postings",
    "SELECT h.id, h.tenant_id, p.debit_id, p.credit_id, p.remaining"
    " FROM holds h JOIN hold_postings p ON p.hold_id = h.id"
    " WHERE h.status = 'open' AND h.expires_at_us IS NOT NULL AND h.expires_at_us <= $1"
    " ORDER BY h.expires_at_us, h.id, p.place"};
constexpr Query hold_insert{
    "ledger.hold_insert",
    "INSERT INTO holds (id, tenant_id, status, reference, description, metadata, expires_at_us,"
    " created_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Query hold_update{"ledger.hold_update", "UPDATE holds SET status = $2 WHERE id = $1"};
constexpr Query hold_posting_insert{
    "ledger.hold_posting_insert",
    "INSERT INTO hold_postings (hold_id, place, debit_id, credit_id, amount_minor,"
    " currency, remaining) VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr Query hold_posting_update{
    "ledger.hold_posting_update",
    "UPDATE hold_postings SET remaining = $3 WHERE hold_id = $1 AND place = $2"};
constexpr Query hold_change_insert{
    "ledger.hold_change_insert",
    "INSERT INTO hold_changes (id, hold_id, kind, transfer_id, created_at_us)"
    " VALUES ($1, $2, $3, $4, $5)"};

constexpr Query newest_transfer{
    "ledger.newest_transfer",
    "SELECT id + posting_count - 1, created_at_us FROM transfers ORDER BY id DESC LIMIT 1"};
constexpr Query newest_hold_change{
    "ledger.newest_hold_change",
    "SELECT id, created_at_us FROM hold_changes ORDER BY id DESC LIMIT 1"};
constexpr Query newest_account{"ledger.newest_account",
                               "SELECT id, created_at_us FROM accounts ORDER BY id DESC LIMIT 1"};

/// Zero, the "none" of ids, is NULL in the tables.
template <class Tag>
Param id_or_null(Id<Tag> id) {
  return id ? Param(id.value) : Param(nullptr);
}

std::optional<std::int64_t> us_of(const std::optional<Timestamp>& at) {
  return at ? std::optional(at->us) : std::nullopt;
}

template <class T, class Read>
Result<std::optional<T>> find_one(Tx& tx, const Query& query, std::initializer_list<Param> params,
                                  const Read& read) {
  std::optional<T> found;
  TRY(tx.query(query, params, [&](const Row& row) {
    found.emplace(read(row));
    return false;
  }));
  return found;
}

Account read_account(const Row& row) {
  Account account{.id = {row.integer(0)},
                  .tenant = {row.integer(1)},
                  .code = std::string(row.text(2)),
                  .type = sql::word(row, 3, "accounts.type", parse_word<AccountType>),
                  .currency = currency_at(row, 4, "accounts.currency"),
                  .min_balance = row.optional_integer(5),
                  .max_balance = row.optional_integer(6),
                  .frozen = row.integer(7) != 0,
                  .closed = row.integer(8) != 0,
                  .metadata = std::string(row.text(9)),
                  .sums = {row.integer(11), row.integer(12), row.integer(13), row.integer(14)},
                  .created_at = {row.integer(10)}};
  return account;
}

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

engine::PostingRow read_posting(const Row& row) {
  return read_posting(row, currency_at(row, 5, "postings.currency"));
}

HoldHead read_hold_head(const Row& row, Timestamp now) {
  const auto status = sql::word(row, 1, "holds.status", parse_word<HoldStatus>);
  const auto expires_at_us = row.optional_integer(2);
  const bool is_due = status == HoldStatus::open && expires_at_us && *expires_at_us <= now.us;
  return {{row.integer(0)},
          is_due ? HoldStatus::expired : status,
          row.optional_text(3),
          std::string(row.text(4)),
          {row.integer(5)}};
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

Result<void> insert_hold(Tx& tx, const Hold& hold) {
  TRY(tx.send(hold_insert, {hold.id.value, hold.tenant.value, to_word(hold.status),
                            hold.details.reference, hold.details.description, hold.details.metadata,
                            us_of(hold.expires_at), hold.created_at.us}));
  std::int64_t place = 0;
  for (const HoldPosting& held : hold.postings) {
    const Posting& posting = held.posting;
    TRY(tx.send(hold_posting_insert,
                {hold.id.value, place++, posting.debit.value, posting.credit.value,
                 posting.amount.minor, posting.amount.currency.code(), held.remaining}));
  }
  return {};
}

Result<void> update_hold(Tx& tx, const Hold& hold) {
  TRY(tx.send(hold_update, {hold.id.value, to_word(hold.status)}));
  std::int64_t place = 0;
  for (const HoldPosting& held : hold.postings) {
    TRY(tx.send(hold_posting_update, {hold.id.value, place++, held.remaining}));
  }
  return {};
}

Result<void> save_hold_changes(Tx& tx, const engine::Changes& changes) {
  for (const engine::HoldChange& change : changes.hold_changes) {
    if (change.kind == engine::HoldChangeKind::placed) {
      TRY(insert_hold(tx, change.after));
    } else {
      TRY(update_hold(tx, change.after));
    }
    TRY(tx.send(hold_change_insert,
                {change.id, change.after.id.value, engine::to_string(change.kind),
                 id_or_null(change.transfer), change.at.us}));
  }
  return {};
}

Result<void> save_balances(Tx& tx, const engine::Changes& changes) {
  // In the order of ids, so that neighbours in a page are written together.
  std::vector<const engine::AccountState*> accounts(changes.accounts.begin(),
                                                    changes.accounts.end());
  std::sort(accounts.begin(), accounts.end(),
            [](const auto* a, const auto* b) { return a->id < b->id; });
  for (const engine::AccountState* account : accounts) {
    const Sums& sums = account->sums;
    TRY(tx.exec(balance_update,
                {account->id.value, sums.debits_posted, sums.credits_posted, sums.debits_pending,
                 sums.credits_pending, account->last_posting, account->posting_count}));
  }
  return {};
}

}  // namespace

// ---------------------------------------------------------------- what decisions look at

Result<std::optional<AccountId>> find_account_id(Tx& tx, TenantId tenant, std::string_view code) {
  std::optional<AccountId> found;
  TRY(tx.query(account_id_by_code, {tenant.value, code}, [&](const Row& row) {
    found = AccountId{row.integer(0)};
    return false;
  }));
  return found;
}

Result<std::optional<engine::AccountState>> load_account_state(Tx& tx, AccountId id) {
  return find_one<engine::AccountState>(tx, account_state_by_id, {id.value}, read_account_state);
}

Result<std::optional<engine::AccountState>> load_account_state(Tx& tx, TenantId tenant,
                                                               std::string_view code) {
  std::optional<engine::AccountState> found;
  TRY(tx.query(account_state_by_code, {tenant.value, code}, [&](const Row& row) {
    found = read_account_state(row);
    return false;
  }));
  return found;
}

Result<bool> are_unchanged(Tx& tx, std::span<const engine::AccountState> accounts) {
  std::unordered_map<AccountId, engine::AccountState> stored;
  std::vector<AccountId> ids;
  for (const engine::AccountState& account : accounts) ids.push_back(account.id);
  if (tx.dialect() == sql::Dialect::postgres) {
    sql::Pipeline pipeline(tx);
    TRY(enqueue_account_states(pipeline, ids, {}, [&](const auto& account, std::string_view) {
      stored.emplace(account.id, account);
    }));
    TRY(pipeline.sync());
  } else {
    std::sort(ids.begin(), ids.end());  // Neighbours in a page are read together.
    for (const AccountId id : ids) {
      if (const auto account = TRY(load_account_state(tx, id))) stored.emplace(id, *account);
    }
  }
  return std::all_of(accounts.begin(), accounts.end(), [&](const auto& account) {
    const auto found = stored.find(account.id);
    return found != stored.end() && found->second == account;
  });
}

namespace {

/// `query` finds the hold of this id.
Result<std::optional<Hold>> load_hold(Tx& tx, HoldId id, const Query& query,
                                      std::initializer_list<Param> params) {
  auto hold = TRY(find_one<Hold>(tx, query, params, [&](const Row& row) {
    Hold found;
    found.id = id;
    found.tenant = {row.integer(0)};
    found.status = sql::word(row, 1, "holds.status", parse_word<HoldStatus>);
    found.details = {row.optional_text(2), row.optional_text(3), std::string(row.text(4))};
    if (const auto expires = row.optional_integer(5)) found.expires_at = Timestamp{*expires};
    found.created_at = {row.integer(6)};
    return found;
  }));
  if (!hold) return hold;
  TRY(tx.query(hold_postings_of, {id.value}, [&](const Row& row) {
    hold->postings.push_back({{{row.integer(0)},
                               {row.integer(1)},
                               {row.integer(2), currency_at(row, 3, "hold_postings.currency")}},
                              row.integer(4)});
    return true;
  }));
  return hold;
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

Result<std::optional<Hold>> load_hold(Tx& tx, HoldId id) {
  return load_hold(tx, id, hold_by_id, {id.value});
}

Result<std::optional<Hold>> load_hold(Tx& tx, TenantId tenant, HoldId id) {
  return load_hold(tx, id, hold_of_tenant, {id.value, tenant.value});
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

// ---------------------------------------------------------------- what decisions write

Result<void> insert_account(Tx& tx, const Account& account) {
  TRY(tx.send(account_insert,
              {account.id.value, account.tenant.value, account.code, to_word(account.type),
               account.currency.code(), account.min_balance, account.max_balance, account.frozen,
               account.closed, account.metadata, account.created_at.us}));
  return tx.send(balance_insert, {account.id.value});
}

Result<void> update_account(Tx& tx, const Account& account) {
  TRY(tx.exec(account_update, {account.id.value, account.min_balance, account.max_balance,
                               account.frozen, account.closed, account.metadata}));
  return {};
}

Result<void> save(Tx& tx, const engine::Changes& changes) {
  if (tx.dialect() == sql::Dialect::postgres) {
    TRY(save_hold_changes(tx, changes));
    return save_together(tx, changes);
  }
  TRY(save_transfers(tx, changes));
  TRY(save_hold_changes(tx, changes));
  for (const engine::HistoryCheckpoint& checkpoint : changes.checkpoints) {
    TRY(tx.exec(checkpoint_insert, {checkpoint.account.value, checkpoint.created_at.us,
                                    checkpoint.sequence, checkpoint.posting}));
  }
  return save_balances(tx, changes);
}

// ---------------------------------------------------------------- what is asked

Result<std::optional<Account>> load_account(Tx& tx, AccountId id) {
  return find_one<Account>(tx, account_by_id, {id.value}, read_account);
}

Result<Account> require_account(Tx& tx, TenantId tenant, const AccountRef& ref) {
  AccountId id = ref.id;
  if (!id) id = TRY(find_account_id(tx, tenant, ref.code)).value_or(AccountId{});
  auto account =
      TRY(find_one<Account>(tx, account_of_tenant, {id.value, tenant.value}, read_account));
  if (!account) {
    return Error{errors::account_not_found, "there is no account of this id or code"};
  }
  return *std::move(account);
}

std::vector<const Query*> list_queries() {
  std::vector<const Query*> queries{&checkpoint_behind, &backdated_of_account};
  for (const OrderedQuery* both : {&accounts_of_tenant, &transfers_of_tenant, &transfers_of_hold,
                                   &whole_transfers, &backdated_debits, &backdated_credits,
                                   &holds_of_tenant, &holds_of_reference, &holds_of_account}) {
    queries.push_back(&both->newest_first);
    queries.push_back(&both->oldest_first);
  }
  return queries;
}

Result<void> visit_accounts(Tx& tx, TenantId tenant, const IdRange& range,
                            const AccountVisitor& visit) {
  return tx.query(accounts_of_tenant.in(range.order), {tenant.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_account(row)); });
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

Result<void> visit_holds(Tx& tx, TenantId tenant, const IdRange& range, Timestamp now,
                         const HoldVisitor& visit) {
  return tx.query(holds_of_tenant.in(range.order), {tenant.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
}

Result<void> visit_holds_of_reference(Tx& tx, TenantId tenant, const std::string& reference,
                                      const IdRange& range, Timestamp now,
                                      const HoldVisitor& visit) {
  return tx.query(holds_of_reference.in(range.order),
                  {tenant.value, range.low, range.high, reference},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
}

Result<void> visit_holds_of_account(Tx& tx, AccountId account, const IdRange& range, Timestamp now,
                                    const HoldVisitor& visit) {
  return tx.query(holds_of_account.in(range.order),
                  {account.value, range.low, range.high, holds_at_once},
                  [&](const Row& row) { return visit(read_hold_head(row, now)); });
}

Result<std::vector<DueHold>> find_due_holds(Tx& tx, Timestamp now, int limit) {
  std::vector<DueHold> due;
  TRY(tx.query(holds_due, {now.us, limit}, [&](const Row& row) {
    due.push_back({{row.integer(0)}, {row.integer(1)}});
    return true;
  }));
  return due;
}

Result<void> enqueue_due_postings(sql::Pipeline& pipeline, Timestamp now,
                                  std::vector<DuePosting>& due) {
  return pipeline.enqueue(due_postings, {now.us}, [&due](const Row& row) {
    due.push_back(
        {{row.integer(0)}, {row.integer(1)}, {row.integer(2)}, {row.integer(3)}, row.integer(4)});
    return true;
  });
}

Result<DuePending> find_due_pending(Tx& tx, Timestamp now) {
  std::vector<DuePosting> due;
  sql::Pipeline pipeline(tx);
  TRY(enqueue_due_postings(pipeline, now, due));
  TRY(pipeline.sync());
  DuePending pending;
  for (const DuePosting& held : due) {
    pending[held.debit].debits_pending += held.remaining;
    pending[held.credit].credits_pending += held.remaining;
  }
  return pending;
}

void settle_due(Account& account, const DuePending& due) {
  const auto found = due.find(account.id);
  if (found == due.end()) return;
  account.sums.debits_pending -= found->second.debits_pending;
  account.sums.credits_pending -= found->second.credits_pending;
}

void settle_due(Hold& hold, Timestamp now) {
  if (hold.status != HoldStatus::open || !is_over(hold, now)) return;
  hold.status = HoldStatus::expired;
  for (HoldPosting& held : hold.postings) held.remaining = 0;
}

Result<std::optional<HistoryEntry>> load_history_entry(Tx& tx, AccountId account,
                                                       std::int64_t posting) {
  auto entry = TRY(find_one<HistoryEntry>(tx, history_entry, {posting}, [&](const Row& row) {
    const engine::PostingRow found = read_posting(row);
    const bool is_debit = found.posting.debit == account;
    return HistoryEntry{.posting_id = found.id,
                        .transfer = found.transfer,
                        .is_debit = is_debit,
                        .amount_minor = found.posting.amount.minor,
                        .side = is_debit ? found.debit : found.credit,
                        .account = is_debit ? found.posting.debit : found.posting.credit,
                        .counterparty = is_debit ? found.posting.credit : found.posting.debit,
                        .effective_at = {row.integer(12)},
                        .created_at = {row.integer(13)},
                        .kind = sql::word(row, 14, "transfers.kind", parse_word<TransferKind>),
                        .reference = row.optional_text(15),
                        .description = row.optional_text(16)};
  }));
  if (entry && entry->account != account) entry.reset();
  return entry;
}

Result<std::int64_t> find_last_posting(Tx& tx, AccountId account, Timestamp at) {
  const auto first_column = [](const Row& row) { return row.integer(0); };
  std::optional<std::int64_t> posting;
  TRY(tx.query(checkpoint_after, {account.value, at.us}, [&](const Row& row) {
    posting = row.integer(0);
    return false;
  }));
  if (!posting)
    posting = TRY(find_one<std::int64_t>(tx, last_posting_of, {account.value}, first_column));

  // At most checkpoint_interval steps: the checkpoint before this one is not after `at`.
  std::int64_t current = posting.value_or(0);
  while (current != 0) {
    std::int64_t previous = 0;
    bool found = false;
    TRY(tx.query(step_back, {current}, [&](const Row& row) {
      found = row.integer(3) <= at.us;
      previous = row.integer(0) == account.value ? row.integer(1) : row.integer(2);
      return false;
    }));
    if (found) return current;
    current = previous;
  }
  return std::int64_t{0};
}

Result<std::int64_t> find_checkpoint_after(Tx& tx, AccountId account, Timestamp created_at,
                                           std::int64_t sequence) {
  std::int64_t posting = 0;
  TRY(tx.query(checkpoint_behind, {account.value, created_at.us, sequence}, [&](const Row& row) {
    posting = row.integer(0);
    return false;
  }));
  return posting;
}

Result<Sums> backdated_sums(Tx& tx, AccountId account, EffectivePlace upto, std::int64_t sequence) {
  Sums sums;
  TRY(tx.query(backdated_of_account, {account.value, upto.effective_at.us, upto.sequence, sequence},
               [&](const Row& row) {
                 (row.integer(1) != 0 ? sums.debits_posted : sums.credits_posted) += row.integer(0);
                 return true;
               }));
  return sums;
}

Result<std::vector<BackdatedPosting>> find_backdated(Tx& tx, AccountId account,
                                                     const EffectiveRange& range) {
  const auto& [low, high, order, limit] = range;
  std::vector<BackdatedPosting> found;
  for (const OrderedQuery* side : {&backdated_debits, &backdated_credits}) {
    TRY(tx.query(side->in(order),
                 {account.value, low.effective_at.us, low.sequence, high.effective_at.us,
                  high.sequence, limit},
                 [&](const Row& row) {
                   found.push_back({{{row.integer(0)}, row.integer(1)}, row.integer(2)});
                   return true;
                 }));
  }
  std::sort(found.begin(), found.end(), [newest = order == Order::newest_first](auto& a, auto& b) {
    return newest ? b.place < a.place : a.place < b.place;
  });
  if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
  return found;
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

Result<Newest> find_newest(Tx& tx) {
  Newest newest;
  for (const Query* query : {&newest_transfer, &newest_hold_change, &newest_account}) {
    TRY(tx.query(*query, {}, [&](const Row& row) {
      newest.id = std::max(newest.id, row.integer(0));
      newest.created_at = std::max(newest.created_at, Timestamp{row.integer(1)});
      return false;
    }));
  }
  return newest;
}

}  // namespace florin::ledger::store
