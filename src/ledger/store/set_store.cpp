#include "ledger/store/set_store.h"

#include "base/try.h"
#include "platform/sql/array.h"
#include "platform/sql/database.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

using sql::Integers;
using sql::Query;
using sql::Row;
using sql::Texts;
using sql::Tx;

constexpr Query states_locked{
    "ledger.account_states_locked",
    "SELECT a.id, a.tenant_id, a.type, a.currency, a.min_balance, a.max_balance, a.frozen,"
    " a.closed, b.debits_posted, b.credits_posted, b.debits_pending, b.credits_pending,"
    " b.last_posting, b.posting_count, a.code"
    " FROM (SELECT * FROM accounts WHERE id = ANY ($1::bigint[]) UNION ALL"
    " SELECT named.* FROM (SELECT unnest($2::bigint[]) AS tenant, unnest($3::text[]) AS code) AS n"
    " JOIN accounts named ON named.tenant_id = n.tenant AND named.code = n.code) AS a"
    " JOIN balances b ON b.account_id = a.id ORDER BY b.account_id FOR UPDATE OF b"};
constexpr Query transfers_insert{
    "ledger.transfers_insert",
    "INSERT INTO transfers (id, tenant_id, kind, posting_count, reference, description, metadata,"
    " effective_at_us, created_at_us, hold_id, reverses_id)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::text[]), unnest($4::bigint[]),"
    " unnest($5::text[]), unnest($6::text[]), unnest($7::text[]), unnest($8::bigint[]),"
    " unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[])"};
constexpr Query postings_insert{
    "ledger.postings_insert",
    "INSERT INTO postings (id, transfer_id, debit_id, credit_id, amount_minor, currency,"
    " debit_previous, debit_sequence, debit_balance, credit_previous, credit_sequence,"
    " credit_balance, backdated_to_us)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]),"
    " unnest($4::bigint[]), unnest($5::bigint[]), unnest($6::text[]), unnest($7::bigint[]),"
    " unnest($8::bigint[]), unnest($9::bigint[]), unnest($10::bigint[]), unnest($11::bigint[]),"
    " unnest($12::bigint[]), unnest($13::bigint[])"};
constexpr Query checkpoints_insert{
    "ledger.checkpoints_insert",
    "INSERT INTO history_checkpoints (account_id, created_at_us, sequence, posting_id)"
    " SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]),"
    " unnest($4::bigint[])"};
constexpr Query balances_update{
    "ledger.balances_update",
    "UPDATE balances b SET debits_posted = n.debits_posted, credits_posted = n.credits_posted,"
    " debits_pending = n.debits_pending, credits_pending = n.credits_pending,"
    " last_posting = n.last_posting, posting_count = n.posting_count"
    " FROM (SELECT unnest($1::bigint[]) AS account_id, unnest($2::bigint[]) AS debits_posted,"
    " unnest($3::bigint[]) AS credits_posted, unnest($4::bigint[]) AS debits_pending,"
    " unnest($5::bigint[]) AS credits_pending, unnest($6::bigint[]) AS last_posting,"
    " unnest($7::bigint[]) AS posting_count) AS n WHERE b.account_id = n.account_id"};

/// Zero, the "none" of ids, is NULL in the tables.
template <class Tag>
void add_id_or_null(Integers& column, Id<Tag> id) {
  id ? column.add(id.value) : column.add_null();
}

Result<void> save_transfers(Tx& tx, const engine::Changes& changes) {
  if (changes.transfers.empty()) return {};
  Integers ids, tenants, counts, effective, created, holds, reverses;
  Texts kinds, references, descriptions, metadata;
  for (const auto& [transfer, actor] : changes.transfers) {
    ids.add(transfer.id.value);
    tenants.add(transfer.tenant.value);
    kinds.add(to_word(transfer.kind));
    counts.add(static_cast<std::int64_t>(transfer.postings.size()));
    references.add(transfer.details.reference);
    descriptions.add(transfer.details.description);
    metadata.add(std::string_view(transfer.details.metadata));
    effective.add(transfer.effective_at.us);
    created.add(transfer.created_at.us);
    add_id_or_null(holds, transfer.hold);
    add_id_or_null(reverses, transfer.reverses);
  }
  return tx.send(transfers_insert,
                 {ids.param(), tenants.param(), kinds.param(), counts.param(), references.param(),
                  descriptions.param(), metadata.param(), effective.param(), created.param(),
                  holds.param(), reverses.param()});
}

/// A side of postings as its three columns.
struct SideColumns {
  Integers previous, sequence, balance;
  void add(const engine::PostingSide& side) {
    previous.add(side.previous);
    sequence.add(side.sequence);
    balance.add(side.balance);
  }
};

Result<void> save_postings(Tx& tx, const engine::Changes& changes) {
  if (changes.postings.empty()) return {};
  Integers ids, transfers, debits, credits, amounts, backdated;
  Texts currencies;
  SideColumns debit, credit;
  auto row = changes.postings.begin();
  for (const auto& [transfer, actor] : changes.transfers) {
    const bool is_backdated = transfer.effective_at != transfer.created_at;
    for (std::size_t i = 0; i < transfer.postings.size(); ++i, ++row) {
      ids.add(row->id);
      transfers.add(row->transfer.value);
      debits.add(row->posting.debit.value);
      credits.add(row->posting.credit.value);
      amounts.add(row->posting.amount.minor);
      currencies.add(row->posting.amount.currency.code());
      debit.add(row->debit);
      credit.add(row->credit);
      is_backdated ? backdated.add(transfer.effective_at.us) : backdated.add_null();
    }
  }
  return tx.send(postings_insert,
                 {ids.param(), transfers.param(), debits.param(), credits.param(), amounts.param(),
                  currencies.param(), debit.previous.param(), debit.sequence.param(),
                  debit.balance.param(), credit.previous.param(), credit.sequence.param(),
                  credit.balance.param(), backdated.param()});
}

Result<void> save_checkpoints(Tx& tx, const engine::Changes& changes) {
  if (changes.checkpoints.empty()) return {};
  Integers accounts, created, sequences, postings;
  for (const engine::HistoryCheckpoint& checkpoint : changes.checkpoints) {
    accounts.add(checkpoint.account.value);
    created.add(checkpoint.created_at.us);
    sequences.add(checkpoint.sequence);
    postings.add(checkpoint.posting);
  }
  return tx.send(checkpoints_insert,
                 {accounts.param(), created.param(), sequences.param(), postings.param()});
}

Result<void> save_balances(Tx& tx, const engine::Changes& changes) {
  if (changes.accounts.empty()) return {};
  Integers ids, debits, credits, debits_pending, credits_pending, last, counts;
  for (const engine::AccountState* account : changes.accounts) {
    ids.add(account->id.value);
    debits.add(account->sums.debits_posted);
    credits.add(account->sums.credits_posted);
    debits_pending.add(account->sums.debits_pending);
    credits_pending.add(account->sums.credits_pending);
    last.add(account->last_posting);
    counts.add(account->posting_count);
  }
  return tx.send(balances_update,
                 {ids.param(), debits.param(), credits.param(), debits_pending.param(),
                  credits_pending.param(), last.param(), counts.param()});
}

}  // namespace

Currency currency_of(std::string_view code) {
  static const Currency fallback = *Currency::parse(Currency::all().front().code);
  return Currency::parse(code).value_or(fallback);
}

Currency currency_at(const Row& row, int column, std::string_view place) {
  if (const auto currency = Currency::parse(row.text(column))) return *currency;
  sql::refuse_word(row, column, place);
  return currency_of({});
}

engine::AccountState read_account_state(const Row& row) {
  return {.id = {row.integer(0)},
          .tenant = {row.integer(1)},
          .type = sql::word(row, 2, "accounts.type", parse_word<AccountType>),
          .currency = currency_at(row, 3, "accounts.currency"),
          .min_balance = row.optional_integer(4),
          .max_balance = row.optional_integer(5),
          .frozen = row.integer(6) != 0,
          .closed = row.integer(7) != 0,
          .sums = {row.integer(8), row.integer(9), row.integer(10), row.integer(11)},
          .last_posting = row.integer(12),
          .posting_count = row.integer(13)};
}

Result<void> enqueue_account_states(sql::Pipeline& pipeline, std::span<const AccountId> ids,
                                    std::span<const AccountCode> codes, const StateVisitor& visit) {
  if (ids.empty() && codes.empty()) return {};
  Integers wanted, tenants;
  Texts texts;
  for (const AccountId id : ids) wanted.add(id.value);
  for (const auto& [tenant, code] : codes) {
    tenants.add(tenant.value);
    texts.add(code);
  }
  return pipeline.enqueue(states_locked, {wanted.param(), tenants.param(), texts.param()},
                          [visit](const Row& row) {
                            visit(read_account_state(row), row.text(14));
                            return true;
                          });
}

Result<void> save_together(Tx& tx, const engine::Changes& changes) {
  if (!changes.transfers.empty()) {
    TRY(save_transfers(tx, changes));
    TRY(save_postings(tx, changes));
  }
  TRY(save_checkpoints(tx, changes));
  return save_balances(tx, changes);
}

}  // namespace florin::ledger::store
