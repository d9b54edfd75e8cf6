#include "webhooks/delivery/recorder.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/try.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoints.h"

namespace florin::webhooks {

Recorder::Recorder(Parts parts, Recorded recorded)
    : parts_(parts),
      recorded_(std::move(recorded)),
      batcher_(
          parts_.database, [this](sql::Tx& tx, std::span<Item> items) { return write(tx, items); },
          [this](Item& item, Nobody&, const Result<void>& committed) {
            complete(item, committed);
          }) {}

Recorder::~Recorder() { wait_until_written(); }

void Recorder::submit(Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    ++outstanding_;
  }
  Item item{std::move(outcome)};
  Nobody nobody;
  // The batcher takes far more than there are attempts under way, so it cannot be full.
  batcher_.submit(item, nobody);
}

void Recorder::wait_until_written() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return outstanding_ == 0; });
}

Result<void> Recorder::write(sql::Tx& tx, std::span<Item> items) {
  TRY(parts_.fence(tx));
  std::map<EndpointId, EndpointStore::Health> health;
  for (Item& item : items) {
    TRY(write_one(tx, item));
    const Outcome& outcome = item.outcome;
    auto& of_endpoint = health[outcome.delivery.endpoint];
    auto& place = outcome.delivery.state == DeliveryState::delivered ? of_endpoint.last_success_at
                                                                     : of_endpoint.last_failure_at;
    place = std::max(place, std::optional(outcome.ended_at));
  }
  for (const auto& [endpoint, what] : health) TRY(parts_.store.note_health(tx, endpoint, what));
  return {};
}

Result<void> Recorder::write_one(sql::Tx& tx, Item& item) {
  const Delivery& delivery = item.outcome.delivery;
  // It may have gone with its endpoint while the attempt was under way.
  if (!TRY(outbox::update(tx, delivery))) return {};
  TRY(outbox::insert_attempt(tx, item.outcome.attempt));
  if (delivery.order_key && !is_open(delivery.state))
    TRY(outbox::release_next(tx, delivery.endpoint, *delivery.order_key, item.outcome.ended_at));
  if (item.outcome.is_gone) TRY(disable_gone(tx, item));
  return {};
}

Result<void> Recorder::disable_gone(sql::Tx& tx, Item& item) {
  auto endpoint = TRY(parts_.store.load(tx, item.outcome.delivery.endpoint));
  if (!endpoint || endpoint->status == EndpointStatus::disabled) return {};
  item.change.emplace(parts_.changes.announce());
  item.change->of(endpoint->id);
  return parts_.endpoints.disable(tx, *std::move(endpoint), "gone");
}

void Recorder::complete(Item& item, const Result<void>& committed) {
  recorded_(item.outcome, committed);
  item.change.reset();
  const std::lock_guard lock(mutex_);
  if (--outstanding_ == 0) changed_.notify_all();
}

}  // namespace florin::webhooks
