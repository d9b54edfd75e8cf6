#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/timestamp.h"
#include "events/events.h"
#include "webhooks/delivery/delivery.h"
#include "webhooks/endpoints/endpoint.h"

namespace florin::webhooks {

/// A delivery with its event.
struct PendingDelivery {
  Delivery delivery;
  std::shared_ptr<const events::Event> event;
};

/// The deliveries of one endpoint that are due soon, and when each may be sent: by due time,
/// concurrency, rate limit and pause (Retry-After). It holds a bounded number; the store holds them
/// all, and expect_stored() says when the next one that is not here is due. Pure: time is given.
/// Not thread-safe.
class EndpointQueue {
 public:
  static constexpr std::size_t max_waiting = 512;

  void set_endpoint(const Endpoint& endpoint) { endpoint_ = endpoint; }
  const Endpoint& endpoint() const { return endpoint_; }

  /// Adds it unless it is here or being sent already. A full queue drops the one due last.
  void push(PendingDelivery pending);
  bool contains(DeliveryId id) const { return due_of_.contains(id) || sending_.contains(id); }
  std::size_t free_places() const { return max_waiting - waiting_.size(); }

  /// The next one that may be sent now; it then counts as being sent.
  std::optional<PendingDelivery> take(Timestamp now);
  /// Its attempt has ended, so another may be sent. The result is not written yet.
  void on_completed(bool is_success);
  /// Whether it has had no success yet, or failed several times in a row. A host that hangs must
  /// not hold many connections, so it gets two attempts at a time, or one.
  bool is_limited() const;
  /// The result is written, or never will be.
  void on_recorded(DeliveryId id) { sending_.erase(id); }
  /// The endpoint answered with a Retry-After.
  void pause_until(Timestamp until) { paused_until_ = until; }
  /// Removes what waits; attempts in progress go on.
  void clear();

  /// Whether it is time to read from the store.
  bool needs_refill(Timestamp now) const;
  /// The store has a delivery that is due then.
  void expect_stored(Timestamp due) { stored_due_ = std::min(stored_due_, due); }
  void refilled() { stored_due_ = never; }

  /// When to check again; `never` when only a call of this object can change the answer.
  Timestamp next_check(Timestamp now) const;
  static constexpr Timestamp never{INT64_MAX};

 private:
  using Place = std::pair<Timestamp, DeliveryId>;

  int max_in_flight() const;
  /// When the rate allows the next one.
  Timestamp rate_allows_at(Timestamp now) const;

  Endpoint endpoint_;
  std::map<Place, PendingDelivery> waiting_;
  std::map<DeliveryId, Timestamp> due_of_;
  std::set<DeliveryId> sending_;
  Timestamp stored_due_{0};  // Unknown at the start: read the store.
  Timestamp paused_until_{0};
  Timestamp rate_used_until_{0};  // The rate is used up until then.
  int in_flight_ = 0;
  int failures_in_a_row_ = 0;
  bool has_succeeded_ = false;
};

}  // namespace florin::webhooks
