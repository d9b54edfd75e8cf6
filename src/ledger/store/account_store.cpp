#include "ledger/store/account_store.h"

#include <algorithm>
#include <unordered_map>

#include "ledger/account_fields.h"
#include "ledger/errors.h"
#include "ledger/store/rows.h"
#include "ledger/store/set_store.h"

namespace florin::ledger::store {
namespace {

using sql::Query;
using sql::Role;
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

using Columns = std::vector<sql::Column<Account>>;

Columns columns() {
  return {{"id", &Account::id, {.role = Role::key}},
          {"tenant_id", &Account::tenant, {.role = Role::key}},
          {"code", &Account::code, {.role = Role::fixed}},
          {"type", &Account::type, {.role = Role::fixed}},
          {"currency", &Account::currency, {.role = Role::fixed}},
          {"min_balance", &Account::min_balance},
          {"max_balance", &Account::max_balance},
          {"frozen", &Account::frozen},
          {"closed", &Account::closed},
          {"metadata", &Account::metadata},
          {"created_at_us", &Account::created_at, {.role = Role::fixed}}};
}

/// With those of its row in `balances`, for reading.
Columns columns_with_sums() {
  Columns all = columns();
  all.emplace_back("debits_posted", sql::within(&Account::sums, &Sums::debits_posted));
  all.emplace_back("credits_posted", sql::within(&Account::sums, &Sums::credits_posted));
  all.emplace_back("debits_pending", sql::within(&Account::sums, &Sums::debits_pending));
  all.emplace_back("credits_pending", sql::within(&Account::sums, &Sums::credits_pending));
  return all;
}

const sql::Table<Account> account_rows("accounts", columns(), unread_account());
const sql::View<Account> accounts("accounts", columns_with_sums(), unread_account());
#define FLORIN_WITH_SUMS "JOIN balances ON account_id = id "
const auto account_by_id =
    accounts.select("ledger.account_by_id", FLORIN_WITH_SUMS "WHERE id = $1");
const auto account_of_tenant = accounts.select("ledger.account_of_tenant",
                                               FLORIN_WITH_SUMS "WHERE id = $1 AND tenant_id = $2");
const OrderedSelect<Account> accounts_of_tenant{
    accounts.select("ledger.accounts_newest_first",
                    FLORIN_WITH_SUMS
                    "WHERE tenant_id = $1 AND id >= $2 AND id <= $3 ORDER BY id DESC",
                    sql::Rows::many),
    accounts.select("ledger.accounts_oldest_first",
                    FLORIN_WITH_SUMS "WHERE tenant_id = $1 AND id >= $2 AND id <= $3 ORDER BY id",
                    sql::Rows::many)};
#undef FLORIN_WITH_SUMS

constexpr Query balance_insert{
    "ledger.balance_insert",
    "INSERT INTO balances (account_id, debits_posted, credits_posted, debits_pending,"
    " credits_pending, last_posting, posting_count) VALUES ($1, 0, 0, 0, 0, 0, 0)"};
constexpr Query balance_update{
    "ledger.balance_update",
    "UPDATE balances SET debits_posted = $2, credits_posted = $3, debits_pending = $4,"
    " credits_pending = $5, last_posting = $6, posting_count = $7 WHERE account_id = $1"};

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
  TRY(account_rows.send(tx, account));
  return tx.send(balance_insert, {account.id.value});
}

Result<void> update_account(Tx& tx, const Account& account) {
  return account_rows.send_change(tx, account);
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
  return account_by_id.first(tx, {id.value});
}

Result<Account> require_account(Tx& tx, TenantId tenant, const AccountRef& ref) {
  AccountId id = ref.id;
  if (!id) id = TRY(find_account_id(tx, tenant, ref.code)).value_or(AccountId{});
  auto account = TRY(account_of_tenant.first(tx, {id.value, tenant.value}));
  if (!account) {
    return Error{errors::account_not_found, "there is no account of this id or code"};
  }
  return *std::move(account);
}

Result<void> visit_accounts(Tx& tx, TenantId tenant, const IdRange& range,
                            const AccountVisitor& visit) {
  return accounts_of_tenant.in(range.order).visit(tx, {tenant.value, range.low, range.high}, visit);
}

std::vector<const Query*> account_list_queries() {
  return {&accounts_of_tenant.newest_first.query(), &accounts_of_tenant.oldest_first.query()};
}

}  // namespace florin::ledger::store
