#include "ledger/store/account_store.h"

#include <algorithm>
#include <unordered_map>

#include "ledger/errors.h"
#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"
#include "platform/sql/words.h"

namespace florin::ledger::store {
namespace {

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

}  // namespace

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

Result<void> save_balances(Tx& tx, std::span<engine::AccountState* const> changed) {
  // In the order of ids, so that neighbours in a page are written together.
  std::vector<const engine::AccountState*> accounts(changed.begin(), changed.end());
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

Result<void> visit_accounts(Tx& tx, TenantId tenant, const IdRange& range,
                            const AccountVisitor& visit) {
  return tx.query(accounts_of_tenant.in(range.order), {tenant.value, range.low, range.high},
                  [&](const Row& row) { return visit(read_account(row)); });
}

std::vector<const Query*> account_list_queries() {
  return {&accounts_of_tenant.newest_first, &accounts_of_tenant.oldest_first};
}

}  // namespace florin::ledger::store
