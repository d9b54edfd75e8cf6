#pragma once
#include <functional>
#include <optional>
#include <span>

#include "base/result.h"
#include "ledger/engine/account_state.h"
#include "ledger/ledger.h"
#include "ledger/store/id_range.h"

namespace florin::sql {
struct Query;
class Tx;
}  // namespace florin::sql

/// Rows of accounts and their balances. Every function works inside the caller's transaction and
/// keeps no state; errors are those of the database.
namespace florin::ledger::store {

Result<std::optional<AccountId>> find_account_id(sql::Tx& tx, TenantId tenant,
                                                 std::string_view code);
Result<std::optional<engine::AccountState>> load_account_state(sql::Tx& tx, AccountId id);
Result<std::optional<engine::AccountState>> load_account_state(sql::Tx& tx, TenantId tenant,
                                                               std::string_view code);
/// Whether each of them is stored as it is here. Locks their balances where there are locks.
Result<bool> are_unchanged(sql::Tx& tx, std::span<const engine::AccountState> accounts);

Result<void> insert_account(sql::Tx& tx, const Account& account);
Result<void> update_account(sql::Tx& tx, const Account& account);
Result<void> save_balances(sql::Tx& tx, std::span<engine::AccountState* const> accounts);

Result<std::optional<Account>> load_account(sql::Tx& tx, AccountId id);  ///< Of any tenant.
/// By id or code. Errors: account_not_found, also for an account of another tenant.
Result<Account> require_account(sql::Tx& tx, TenantId tenant, const AccountRef& ref);
using AccountVisitor = std::function<bool(const Account&)>;
Result<void> visit_accounts(sql::Tx& tx, TenantId tenant, const IdRange& range,
                            const AccountVisitor& visit);

/// The queries behind the list.
std::vector<const sql::Query*> account_list_queries();

}  // namespace florin::ledger::store
