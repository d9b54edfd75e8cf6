#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/engine/changes.h"
#include "ledger/ledger.h"
#include "ledger/store/id_range.h"

namespace florin::sql {
struct Query;
class Row;
class Tx;
}  // namespace florin::sql

/// Rows of transfers and their postings. Every function works inside the caller's transaction and
/// keeps no state; errors are those of the database.
namespace florin::ledger::store {

/// Of any tenant: a batch has commands of several, and the engine keeps them apart.
Result<std::optional<Transfer>> load_transfer(sql::Tx& tx, TransferId id);
/// Of each posting of a transfer, the balances after it.
Result<std::vector<PostingBalances>> load_balances(sql::Tx& tx, const Transfer& transfer);
Result<TransferId> find_reversal_of(sql::Tx& tx, TransferId id);  ///< Zero: not reversed.

/// With their postings, which lie in the same order.
Result<void> save_transfers(sql::Tx& tx, const engine::Changes& changes);

Result<std::optional<Transfer>> load_transfer(sql::Tx& tx, TenantId tenant, TransferId id);
using TransferVisitor = std::function<bool(const Transfer&)>;
/// Without their postings: load_transfer gives those.
Result<void> visit_transfers(sql::Tx& tx, TenantId tenant, const IdRange& range,
                             const TransferVisitor& visit);
/// With their postings.
Result<void> visit_whole_transfers(sql::Tx& tx, TenantId tenant, const IdRange& range,
                                   const TransferVisitor& visit);
/// Captures of the hold, without their postings.
Result<void> visit_transfers_of_hold(sql::Tx& tx, HoldId hold, const IdRange& range,
                                     const TransferVisitor& visit);

using PostingVisitor = std::function<bool(const engine::PostingRow&)>;
/// Every posting with from <= id <= to, oldest first.
Result<void> visit_postings(sql::Tx& tx, std::int64_t from, std::int64_t to,
                            const PostingVisitor& visit);
using StoredPostingVisitor =
    std::function<void(const engine::PostingRow&, std::string_view currency)>;
/// All postings as they are stored, for `florin verify`: a currency that does not exist ends
/// nothing; its text says what the column holds.
Result<void> visit_stored_postings(sql::Tx& tx, const StoredPostingVisitor& visit);
/// Postings of the tenant with from <= t < to, t being the transfer's effective or created time.
struct Window {
  bool effective = true;
  Timestamp from, to;
};
Result<void> visit_postings_within(sql::Tx& tx, TenantId tenant, const Window& window,
                                   const PostingVisitor& visit);

/// The columns of postings that read_posting() takes, of a table `p`.
#define FLORIN_POSTING_COLUMNS                                                                  \
  "SELECT p.id, p.transfer_id, p.debit_id, p.credit_id, p.amount_minor, p.currency, "           \
  "p.debit_previous, p.debit_sequence, p.debit_balance, p.credit_previous, p.credit_sequence, " \
  "p.credit_balance"
engine::PostingRow read_posting(const sql::Row& row);

/// The queries behind lists.
std::vector<const sql::Query*> transfer_list_queries();

}  // namespace florin::ledger::store
