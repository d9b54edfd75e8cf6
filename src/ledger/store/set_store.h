#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/engine/engine.h"

namespace florin::sql {
class Pipeline;
class Row;
class Tx;
}  // namespace florin::sql

/// Rows of a whole batch in one statement each, for PostgreSQL: what costs there is the way to the
/// server and back. Errors are those of the database.
namespace florin::ledger::store {

struct AccountCode {
  TenantId tenant;
  std::string_view code;
  auto operator<=>(const AccountCode&) const = default;
};
using StateVisitor = std::function<void(const engine::AccountState&, std::string_view code)>;
/// Visits the accounts of these ids and of these codes that exist, once or twice each, and locks
/// their balances in the order of ids, so that batches of two nodes wait for each other and never
/// deadlock.
Result<void> enqueue_account_states(sql::Pipeline& pipeline, std::span<const AccountId> ids,
                                    std::span<const AccountCode> codes, const StateVisitor& visit);
/// Transfers with their postings, checkpoints and balances.
Result<void> save_together(sql::Tx& tx, const engine::Changes& changes);

/// The currency in a column; `place` ("accounts.currency") names it where it holds none, and the
/// query ends with store_corrupt.
Currency currency_at(const sql::Row& row, int column, std::string_view place);
/// For `florin verify`, which continues: some other currency replaces an unreadable code, and the
/// row is reported because its hash no longer fits.
Currency currency_of(std::string_view code);
/// The columns id, tenant_id, type, currency, min_balance, max_balance, frozen, closed, then the
/// four sums, last_posting and posting_count.
engine::AccountState read_account_state(const sql::Row& row);

}  // namespace florin::ledger::store
