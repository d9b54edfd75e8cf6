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
          parts_.database,
          [this](sql::Tx& tx, std::span<Entry> entries) { return write(tx, entries); },
          [this](Entry& entry, NoReply&, const Result<void>& committed) {
            complete(entry, committed);
          }) {}

Recorder::~Recorder() { wait_until_written(); }

void Recorder::submit(AttemptResult result) {
  {
    const std::lock_guard lock(mutex_);
    ++outstanding_;
  }
  Entry entry{std::move(result)};
  NoReply no_reply;
  // The batcher takes far more than there are attempts under way, so it cannot be full.
  batcher_.submit(entry, no_reply);
}

void Recorder::wait_until_written() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return outstanding_ == 0; });
}

Result<void> Recorder::write(sql::Tx& tx, std::span<Entry> entries) {
  TRY(parts_.fence(tx));
  std::map<EndpointId, EndpointStore::Health> health;
  for (Entry& entry : entries) {
    TRY(write_one(tx, entry));
    const AttemptResult& result = entry.result;
    auto& of_endpoint = health[result.delivery.endpoint];
    auto& place = result.delivery.state == DeliveryState::delivered ? of_endpoint.last_success_at
                                                                    : of_endpoint.last_failure_at;
    place = std::max(place, std::optional(result.ended_at));
  }
  for (const auto& [endpoint, seen] : health) TRY(parts_.store.update_health(tx, endpoint, seen));
  return {};
}

Result<void> Recorder::write_one(sql::Tx& tx, Entry& entry) {
  const Delivery& delivery = entry.result.delivery;
  // It may have been removed with its endpoint during the attempt.
  if (!TRY(outbox::update(tx, delivery))) return {};
  TRY(outbox::insert_attempt(tx, entry.result.attempt));
  if (delivery.order_key && !is_open(delivery.state))
    TRY(outbox::release_next(tx, delivery.endpoint, *delivery.order_key, entry.result.ended_at));
  if (entry.result.is_gone) TRY(disable_gone(tx, entry));
  return {};
}

Result<void> Recorder::disable_gone(sql::Tx& tx, Entry& entry) {
  auto endpoint = TRY(parts_.store.load(tx, entry.result.delivery.endpoint));
  if (!endpoint || endpoint->status == EndpointStatus::disabled) return {};
  entry.change.emplace(parts_.changes.announce());
  entry.change->of(endpoint->id);
  return parts_.endpoints.disable(tx, *std::move(endpoint), DisabledReason::gone);
}

void Recorder::complete(Entry& entry, const Result<void>& committed) {
  recorded_(entry.result, committed);
  entry.change.reset();
  const std::lock_guard lock(mutex_);
  if (--outstanding_ == 0) changed_.notify_all();
}

}  // namespace florin::webhooks
