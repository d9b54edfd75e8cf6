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
#include "ledger/order.h"

namespace florin::sql {
struct Query;
class Pipeline;
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
Result<std::optional<engine::AccountState>> load_account_state(sql::Tx& tx, TenantId tenant,
                                                               std::string_view code);
/// Whether each of them is stored as it is here. Locks their balances where there are locks.
Result<bool> are_unchanged(sql::Tx& tx, std::span<const engine::AccountState> accounts);
/// Of any tenant: a batch has commands of several, and the engine keeps them apart.
Result<std::optional<Hold>> load_hold(sql::Tx& tx, HoldId id);
Result<std::optional<Transfer>> load_transfer(sql::Tx& tx, TransferId id);
/// Of each posting of a transfer, the balances after it.
Result<std::vector<PostingBalances>> load_balances(sql::Tx& tx, const Transfer& transfer);
Result<TransferId> find_reversal_of(sql::Tx& tx, TransferId id);  ///< Zero: not reversed.

// What decisions write.
Result<void> insert_account(sql::Tx& tx, const Account& account);
Result<void> update_account(sql::Tx& tx, const Account& account);
Result<void> save(sql::Tx& tx, const engine::Changes& changes);

// What is asked.
Result<std::optional<Account>> load_account(sql::Tx& tx, AccountId id);  ///< Of any tenant.
Result<std::optional<Hold>> load_hold(sql::Tx& tx, TenantId tenant, HoldId id);
Result<std::optional<Transfer>> load_transfer(sql::Tx& tx, TenantId tenant, TransferId id);
/// By id or code. Errors: account_not_found, also for an account of another tenant.
Result<Account> require_account(sql::Tx& tx, TenantId tenant, const AccountRef& ref);
/// A range of a list, in the order of ids: those from `low` to `high`, both included.
struct IdRange {
  std::int64_t low = 0, high = INT64_MAX;
  Order order = Order::newest_first;
};
using AccountVisitor = std::function<bool(const Account&)>;
Result<void> visit_accounts(sql::Tx& tx, TenantId tenant, const IdRange& range,
                            const AccountVisitor& visit);
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
/// A hold without its postings, with the status that it has at the moment asked about.
struct HoldHead {
  HoldId id;
  HoldStatus status = HoldStatus::open;
  std::optional<std::string> reference;
  std::string metadata;
  Timestamp created_at;
};
using HoldVisitor = std::function<bool(const HoldHead&)>;
Result<void> visit_holds(sql::Tx& tx, TenantId tenant, const IdRange& range, Timestamp now,
                         const HoldVisitor& visit);
Result<void> visit_holds_of_reference(sql::Tx& tx, TenantId tenant, const std::string& reference,
                                      const IdRange& range, Timestamp now,
                                      const HoldVisitor& visit);
/// Holds with a posting on the account. The first 1,000 of the range at most.
Result<void> visit_holds_of_account(sql::Tx& tx, AccountId account, const IdRange& range,
                                    Timestamp now, const HoldVisitor& visit);
inline constexpr int holds_at_once = 1'000;

/// The queries behind lists and statements: each finds its rows by an index, in the order wanted.
std::vector<const sql::Query*> list_queries();

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
Result<void> enqueue_due_postings(sql::Pipeline& pipeline, Timestamp now,
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
/// The account's first checkpoint behind this place of its history; 0: none.
Result<std::int64_t> find_checkpoint_after(sql::Tx& tx, AccountId account, Timestamp created_at,
                                           std::int64_t sequence);
/// A place in an account's history by effective time: what takes effect at one time comes in the
/// order in which it was entered.
struct EffectivePlace {
  Timestamp effective_at;
  std::int64_t sequence = 0;  ///< Counts the account's postings from 1.
  friend auto operator<=>(const EffectivePlace&, const EffectivePlace&) = default;
};
/// What the account's backdated postings behind the sequence number moved that come at or before
/// the place.
Result<Sums> backdated_sums(sql::Tx& tx, AccountId account, EffectivePlace upto,
                            std::int64_t sequence);
struct BackdatedPosting {
  EffectivePlace place;
  std::int64_t posting_id = 0;
};
struct EffectiveRange {
  EffectivePlace low, high;  ///< Both included.
  Order order = Order::newest_first;
  int limit = 0;
};
/// The first of the account's backdated postings within the range, in its order.
Result<std::vector<BackdatedPosting>> find_backdated(sql::Tx& tx, AccountId account,
                                                     const EffectiveRange& range);
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

/// The greatest id in any of the ledger's tables, and the newest created_at.
struct Newest {
  std::int64_t id = 0;
  Timestamp created_at;
};
Result<Newest> find_newest(sql::Tx& tx);

}  // namespace florin::ledger::store
