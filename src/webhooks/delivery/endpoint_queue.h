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

/// A delivery with what it carries.
struct Waiting {
  Delivery delivery;
  std::shared_ptr<const events::Event> event;
};

/// What one endpoint has to get soon, and when it may have it: order of due times, concurrency,
/// rate and rest. It holds a bounded number; the store holds them all, and `stored_due()` says from
/// when on the store has something that is not here. Pure: time is given. Of one thread.
class EndpointQueue {
 public:
  static constexpr std::size_t most_waiting = 512;

  void set_endpoint(const Endpoint& endpoint) { endpoint_ = endpoint; }
  const Endpoint& endpoint() const { return endpoint_; }

  /// Takes it up unless it is here or under way already. When too many wait, the latest goes.
  void push(Waiting waiting);
  bool knows(DeliveryId id) const { return due_of_.contains(id) || busy_.contains(id); }
  std::size_t room() const { return most_waiting - waiting_.size(); }

  /// The next one that may be sent now; it is then under way.
  std::optional<Waiting> take(Timestamp now);
  /// Its answer came, or none: another may be sent. The result is not written yet.
  void answered(bool is_success);
  /// Whether it has not answered well yet, or failed several times in a row: a host that hangs must
  /// not hold many connections, so it gets two attempts at a time, or one.
  bool is_doubted() const;
  /// Its result is written, or will never be.
  void settled(DeliveryId id) { busy_.erase(id); }
  /// It asked to be left alone.
  void rest_until(Timestamp until) { rest_until_ = until; }
  /// Forgets what waits; what is under way stays so.
  void clear();

  /// Whether it is time to read from the store.
  bool needs_refill(Timestamp now) const;
  /// The store has something that is due then.
  void expect_stored(Timestamp due) { stored_due_ = std::min(stored_due_, due); }
  void refilled() { stored_due_ = never; }

  /// When to look again if nothing happens before; `never` when only an event can change it.
  Timestamp next_look(Timestamp now) const;
  static constexpr Timestamp never{INT64_MAX};

 private:
  using Place = std::pair<Timestamp, DeliveryId>;

  int slots() const;
  /// When the rate allows the next one.
  Timestamp rate_allows_at(Timestamp now) const;

  Endpoint endpoint_;
  std::map<Place, Waiting> waiting_;
  std::map<DeliveryId, Timestamp> due_of_;
  std::set<DeliveryId> busy_;
  Timestamp stored_due_{0};  // At the start nobody knows what the store holds.
  Timestamp rest_until_{0};
  Timestamp paced_until_{0};  // The moment up to which the rate is used up.
  int in_flight_ = 0;
  int failures_in_a_row_ = 0;
  bool has_succeeded_ = false;
};

}  // namespace florin::webhooks
