#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "ledger/engine/changes.h"
#include "ledger/ledger.h"
#include "ledger/store/id_range.h"

namespace florin::sql {
struct Query;
class Pipeline;
class Tx;
}  // namespace florin::sql

/// Rows of holds. Every function works inside the caller's transaction and keeps no state; errors
/// are those of the database.
namespace florin::ledger::store {

/// Of any tenant: a batch has commands of several, and the engine keeps them apart.
Result<std::optional<Hold>> load_hold(sql::Tx& tx, HoldId id);
Result<std::optional<Hold>> load_hold(sql::Tx& tx, TenantId tenant, HoldId id);
Result<void> save_hold_changes(sql::Tx& tx, const engine::Changes& changes);

/// A hold without its postings, with the status that it has at the moment asked about.
struct HoldHead {
  HoldId id;
  HoldStatus status = HoldStatus::open;
  std::optional<Timestamp> expires_at;
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

/// The queries behind lists.
std::vector<const sql::Query*> hold_list_queries();

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

}  // namespace florin::ledger::store
