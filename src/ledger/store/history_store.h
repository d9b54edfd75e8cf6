#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/engine/changes.h"
#include "ledger/ledger.h"
#include "ledger/order.h"

namespace florin::sql {
struct Query;
class Tx;
}  // namespace florin::sql

/// An account's postings in their order (docs/adr/0009). Every function works inside the caller's
/// transaction and keeps no state; errors are those of the database.
namespace florin::ledger::store {

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

Result<void> save_checkpoints(sql::Tx& tx, std::span<const engine::HistoryCheckpoint> checkpoints);

/// The queries behind statements.
std::vector<const sql::Query*> history_queries();

}  // namespace florin::ledger::store
