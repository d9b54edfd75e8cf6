#pragma once
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/page.h"
#include "base/result.h"
#include "hub/hub.h"

namespace florin::sql {
class Tx;
}

/// The hub's rows. Every function works inside the caller's transaction and keeps no state; errors
/// are those of the database.
namespace florin::hub::store {

/// A key belongs to its partner and route.
Result<std::optional<WalletTransaction>> find_by_key(sql::Tx& tx, PartnerId partner, Kind kind,
                                                     std::string_view key);
Result<std::optional<WalletTransaction>> find(sql::Tx& tx, PartnerId partner,
                                              WalletTransactionId id);
Result<std::optional<WalletTransaction>> find(sql::Tx& tx, TenantId tenant, WalletTransactionId id);

/// Return false to stop early.
using Visitor = std::function<bool(const WalletTransaction&)>;
/// Movements of a player under a ref of the partner; an empty player: of all.
struct RefOf {
  PartnerId partner;
  std::string_view ref;
  std::string_view player;
};
/// Of that player, the newest first, then those that name no player; at most `limit` of each.
Result<void> visit_by_ref(sql::Tx& tx, const RefOf& which, int limit, const Visitor& visit);
/// Whether one of them, made at `since` or later, came by this signature.
Result<bool> has_signature(sql::Tx& tx, const RefOf& which, const SignatureMark& signature,
                           Timestamp since);
/// What a list shows; absent: every value. Borrows its texts.
struct Filter {
  std::optional<PartnerId> partner = {};
  std::optional<std::string_view> player = {}, ref = {}, key = {};
  std::optional<State> state = {};
  std::optional<Kind> kind = {};
  std::optional<bool> is_stuck = {};
};
/// A tenant's, newest first.
Result<Paged<WalletTransaction>> list(sql::Tx& tx, TenantId tenant, const Filter& filter,
                                      const PageRequest& page);
/// A partner's with from <= created_at < to and ids above `after`, oldest first, at most `limit`.
Result<std::vector<WalletTransaction>> find_period(sql::Tx& tx, PartnerId partner, Timestamp from,
                                                   Timestamp to, WalletTransactionId after,
                                                   int limit);
/// Pending ones whose check is due, the longest waiting first.
Result<std::vector<WalletTransaction>> find_due(sql::Tx& tx, Timestamp now, int limit);
/// Sets when those are checked next.
Result<void> postpone(sql::Tx& tx, const std::vector<WalletTransaction>& waiting, Timestamp until);
struct PendingCounts {
  std::int64_t pending = 0, stuck = 0;
};
Result<PendingCounts> count_pending(sql::Tx& tx);

Result<void> insert(sql::Tx& tx, const WalletTransaction& transaction);
/// Everything about it that changes: state, target, transfer, balance, credits, refusal, operator's
/// side, next check.
Result<void> update(sql::Tx& tx, const WalletTransaction& transaction);
/// Forgets a pending one of which nothing has left the house.
Result<void> remove(sql::Tx& tx, WalletTransactionId id);
/// Counts one more credit that settles the debit.
Result<void> add_credit(sql::Tx& tx, WalletTransactionId debit);

/// The greatest id in any of the hub's tables.
Result<std::int64_t> find_newest_id(sql::Tx& tx);

}  // namespace florin::hub::store
