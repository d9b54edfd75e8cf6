#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/page.h"
#include "base/result.h"
#include "webhooks/delivery/delivery.h"

namespace florin::sql {
class Row;
class Tx;
}  // namespace florin::sql

/// The rows of deliveries, attempts, replays and the cursor. Free functions over a transaction.
namespace florin::webhooks::outbox {

/// Adds a delivery. Its `next_attempt_at` becomes `held` when an earlier one of its order key is
/// open. False: the endpoint has a first delivery of this event already.
Result<bool> insert(sql::Tx& tx, Delivery& delivery);

/// Open deliveries of an endpoint by due time, until `visit` returns false.
Result<void> visit_open(sql::Tx& tx, EndpointId endpoint,
                        const std::function<bool(const Delivery&)>& visit);
Result<std::optional<Delivery>> find(sql::Tx& tx, TenantId tenant, DeliveryId id);
/// Newest first; a page looks at a bounded number of rows.
Result<Paged<Delivery>> list(sql::Tx& tx, TenantId tenant, const DeliveryFilter& filter,
                             const PageRequest& page);
Result<std::int64_t> greatest_id(sql::Tx& tx);

/// Writes what an attempt changed: state, attempts, times, status and error. False: the row was
/// removed.
Result<bool> update(sql::Tx& tx, const Delivery& delivery);
/// Makes the first open delivery of the order key due now, when it is held.
Result<void> release_next(sql::Tx& tx, EndpointId endpoint, std::string_view order_key,
                          Timestamp now);
Result<void> insert_attempt(sql::Tx& tx, const Attempt& attempt);
Result<std::vector<Attempt>> attempts(sql::Tx& tx, TenantId tenant, DeliveryId delivery);

/// Dead letters that were not replayed yet, oldest first.
Result<std::vector<Delivery>> dead_letters(sql::Tx& tx, EndpointId endpoint, std::int64_t after,
                                           std::int64_t last, int limit);
Result<void> mark_replayed(sql::Tx& tx, TenantId tenant, DeliveryId id, Timestamp now);

enum class ReplayKind : std::uint8_t {
  since,  ///< Of all events after `position`, which is an event.
  failed  ///< Of all dead letters after `position`, which is a delivery.
};
constexpr auto words_of(ReplayKind) {
  return std::to_array<Word<ReplayKind>>(
      {{ReplayKind::since, "since"}, {ReplayKind::failed, "failed"}});
}
struct Replay {
  std::int64_t id = 0;
  TenantId tenant;
  EndpointId endpoint;
  ReplayKind kind = ReplayKind::since;
  std::int64_t position = 0, last = 0;
  Timestamp created_at;
};
Result<void> insert_replay(sql::Tx& tx, const Replay& replay);
Result<std::vector<Replay>> replays(sql::Tx& tx);
/// Stores its position; a replay that has come to its end is removed.
Result<void> move_replay(sql::Tx& tx, const Replay& replay);

Result<EventId> cursor(sql::Tx& tx);
Result<void> set_cursor(sql::Tx& tx, EventId event);

struct Backlog {
  std::int64_t count = 0;
  std::optional<Timestamp> oldest;
};
Result<Backlog> backlog(sql::Tx& tx);

/// Removes ended deliveries with ids below `before` and their attempts, at most `limit`; how many.
Result<std::int64_t> remove_old(sql::Tx& tx, std::int64_t before, int limit);
/// As remove_old(), for all deliveries of an endpoint, open ones too.
Result<std::int64_t> remove_of(sql::Tx& tx, EndpointId endpoint, int limit);

}  // namespace florin::webhooks::outbox
