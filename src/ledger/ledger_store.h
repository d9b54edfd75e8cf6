#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ledger/engine/engine.h"
#include "ledger/ledger.h"

namespace florin::sql {
class Questions;
class Row;
class Tx;
}  // namespace florin::sql

/// The ledger's rows. Every function works inside the caller's transaction and keeps no state;
/// errors are those of the database.
namespace florin::ledger::store {

// What decisions look at.
Result<std::optional<AccountId>> find_account_id(sql::Tx& tx, TenantId tenant,
                                                 std::string_view code);
Result<std::optional<engine::AccountState>> load_account_state(sql::Tx& tx, AccountId id);
/// Whether each of them is stored as it is here. Locks their balances where there are locks.
Result<bool> are_unchanged(sql::Tx& tx, std::span<const engine::AccountState> accounts);
Result<std::optional<Hold>> load_hold(sql::Tx& tx, HoldId id);
Result<std::optional<Transfer>> load_transfer(sql::Tx& tx, TransferId id);
Result<TransferId> find_reversal_of(sql::Tx& tx, TransferId id);  ///< Zero: not reversed.

// What decisions write.
Result<void> insert_account(sql::Tx& tx, const Account& account);
Result<void> update_account(sql::Tx& tx, const Account& account);
Result<void> save(sql::Tx& tx, const engine::Changes& changes);

// What is asked.
Result<std::optional<Account>> load_account(sql::Tx& tx, AccountId id);
/// By id or code. Errors: account_not_found, also for an account of another tenant.
Result<Account> require_account(sql::Tx& tx, TenantId tenant, const AccountRef& ref);
using AccountVisitor = std::function<bool(const Account&)>;
/// Newest first, ids below `before` (0: from the newest).
Result<void> visit_accounts(sql::Tx& tx, TenantId tenant, std::int64_t before,
                            const AccountVisitor& visit);
/// Newest first, without their postings: load_transfer gives those.
using TransferVisitor = std::function<bool(const Transfer&)>;
Result<void> visit_transfers(sql::Tx& tx, TenantId tenant, std::int64_t before,
                             const TransferVisitor& visit);
/// With the status that each has at the moment `now`.
using HoldIdVisitor = std::function<bool(HoldId, HoldStatus)>;
Result<void> visit_holds(sql::Tx& tx, TenantId tenant, std::int64_t before, Timestamp now,
                         const HoldIdVisitor& visit);

struct DueHold {
  HoldId id;
  TenantId tenant;
};
Result<std::vector<DueHold>> find_due_holds(sql::Tx& tx, Timestamp now, int limit);
/// A posting of an open hold whose time is over: its money is free, but that is not written yet.
struct DuePosting {
  HoldId hold;
  TenantId tenant;
  AccountId debit, credit;
  std::int64_t remaining = 0;
};
/// Adds all of them, the postings of one hold side by side.
Result<void> ask_due_postings(sql::Questions& questions, Timestamp now,
                              std::vector<DuePosting>& due);
/// What holds whose time is over still seem to hold, by account.
using DuePending = std::unordered_map<AccountId, Sums>;
Result<DuePending> find_due_pending(sql::Tx& tx, Timestamp now);
/// The account as it is at the moment that `due` was read for.
void settle_due(Account& account, const DuePending& due);
/// The hold as it is at this moment.
void settle_due(Hold& hold, Timestamp now);

/// A posting as one of its accounts sees it.
struct HistoryEntry {
  std::int64_t posting_id = 0;
  TransferId transfer;
  bool is_debit = false;
  std::int64_t amount_minor = 0;
  engine::PostingSide side;
  AccountId account, counterparty;
  Timestamp effective_at, created_at;
  TransferKind kind = TransferKind::transfer;
  std::optional<std::string> reference, description;
};
/// Nothing when the posting is not one of this account's.
Result<std::optional<HistoryEntry>> load_history_entry(sql::Tx& tx, AccountId account,
                                                       std::int64_t posting);
/// The account's newest posting created at or before `at`; 0: none.
Result<std::int64_t> find_last_posting(sql::Tx& tx, AccountId account, Timestamp at);
/// What postings created after `at` but effective at or before it moved on the account.
Result<Sums> backdated_sums(sql::Tx& tx, AccountId account, Timestamp at);
using PostingVisitor = std::function<bool(const engine::PostingRow&)>;
/// Every posting with from <= id <= to, oldest first.
Result<void> visit_postings(sql::Tx& tx, std::int64_t from, std::int64_t to,
                            const PostingVisitor& visit);
/// Postings of the tenant with from <= t < to, t being the transfer's effective or created time.
struct Window {
  bool effective = true;
  Timestamp from, to;
};
Result<void> visit_postings_within(sql::Tx& tx, TenantId tenant, const Window& window,
                                   const PostingVisitor& visit);

/// The greatest id in any of the ledger's tables, and the newest created_at.
struct Newest {
  std::int64_t id = 0;
  Timestamp created_at;
};
Result<Newest> find_newest(sql::Tx& tx);

}  // namespace florin::ledger::store
