#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/engine/engine.h"

namespace florin::sql {
class Row;
class Tx;
}  // namespace florin::sql

/// Rows of a whole batch in one statement each, for PostgreSQL: what costs there is the way to the
/// server and back. Errors are those of the database.
namespace florin::ledger::store {

struct AccountCode {
  TenantId tenant;
  std::string_view code;
};
/// Calls `visit` with the index of each code that names an account.
Result<void> find_account_ids(sql::Tx& tx, std::span<const AccountCode> codes,
                              const std::function<void(std::size_t, AccountId)>& visit);
/// Locks the accounts' balances in the order of their ids, so that batches of two nodes wait for
/// each other and never deadlock.
Result<void> lock_account_states(sql::Tx& tx, std::span<const AccountId> ids,
                                 const std::function<void(engine::AccountState)>& visit);
/// Transfers with their postings, milestones and balances.
Result<void> save_together(sql::Tx& tx, const engine::Changes& changes);

/// Codes were checked when they were written. Where damage has made one unreadable some other
/// currency stands for it, and `florin verify` reports the row, because its hash no longer fits.
Currency currency_of(std::string_view code);
/// The columns id, tenant_id, type, currency, min_balance, max_balance, frozen, closed, then the
/// four sums, last_posting and posting_count.
engine::AccountState read_account_state(const sql::Row& row);

}  // namespace florin::ledger::store
