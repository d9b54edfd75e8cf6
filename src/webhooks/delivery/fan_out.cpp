#include "webhooks/delivery/fan_out.h"

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "base/id_generator.h"
#include "base/try.h"
#include "events/events.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"
#include "webhooks/delivery/dispatcher.h"
#include "webhooks/endpoints/endpoint_changes.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/endpoints/selection.h"

namespace florin::webhooks {
namespace {

/// The poll interval of the event log. A poll costs one index read; a wake-up at each commit would
/// cost the writer more, and so would polling without a pause. Receivers do not notice 10 ms.
constexpr std::int64_t idle_us = 20'000;
constexpr std::int64_t retry_after_error_us = 500'000;
constexpr std::size_t max_events_per_read = 512;
/// One commit must not occupy the writer for long.
constexpr std::size_t max_deliveries_per_commit = 2'000;
constexpr int max_replays_per_commit = 200;
constexpr std::int64_t cursor_interval_us = 1'000'000;

}  // namespace

FanOut::FanOut(Parts parts)
    : parts_(parts), worker_("webhook-fan-out", [this] { return tick(); }) {}

void FanOut::start_replays() {
  has_replays_ = true;
  worker_.wake();
}

std::int64_t FanOut::tick() {
  if (const auto polled = poll_other_nodes_periodically(); !polled)
    log::warn("changes by other nodes cannot be read", {{"code", polled.error().code.name}});
  const auto has_read = read_events();
  if (!has_read) {
    log::warn("events cannot be read or their deliveries written",
              {{"code", has_read.error().code.name}});
    return retry_after_error_us;
  }
  const auto has_replayed = run_replays();
  if (!has_replayed)
    log::warn("webhooks cannot be replayed", {{"code", has_replayed.error().code.name}});
  const bool has_more = *has_read || (has_replayed && *has_replayed);
  return has_more ? 0 : idle_us;
}

Result<bool> FanOut::read_events() {
  if (!position_) TRY(load_cursor());
  Plan plan = TRY(this->plan());
  if (plan.deliveries.empty()) {
    if (plan.read_to) position_ = plan.read_to;
    TRY(save_cursor_periodically());
    return plan.has_more;
  }
  const EventId read_to = plan.read_to;
  TRY(write(std::move(plan.deliveries),
            [&](sql::Tx& tx) { return outbox::set_cursor(tx, read_to); }));
  position_ = saved_ = read_to;
  return plan.has_more;
}

Result<void> FanOut::load_cursor() {
  position_ = saved_ = TRY(parts_.database.read([](sql::Tx& tx) { return outbox::cursor(tx); }));
  return {};
}

/// Called after events were read. Endpoints that are newer than an event are right for it, since
/// `start_after` excludes earlier ones; older copies may lack an endpoint.
Result<void> FanOut::refresh_endpoints() {
  // Changes by other nodes are not announced here, so a copy cannot be trusted.
  const bool is_only_node = parts_.settings.poll_interval_ms == 0;
  if (is_only_node && endpoints_mark_ && parts_.changes.is_still(*endpoints_mark_)) return {};
  const auto mark = parts_.changes.settled();
  auto enabled = TRY(parts_.database.read([&](sql::Tx& tx) { return parts_.store.enabled(tx); }));
  endpoints_.clear();
  for (Endpoint& endpoint : enabled) {
    auto& of_tenant = endpoints_[endpoint.tenant];
    of_tenant.push_back(std::make_shared<const Endpoint>(std::move(endpoint)));
  }
  endpoints_mark_ = mark;  // Nothing during a change: then they are read again.
  return {};
}

Result<FanOut::Plan> FanOut::plan() {
  if (endpoints_.empty()) {
    const EventId newest = TRY(parts_.events.newest());
    if (newest <= *position_) return Plan();
    TRY(refresh_endpoints());
    // Without endpoints the events are skipped unread.
    if (endpoints_.empty()) return Plan{{}, newest};
  }
  Plan plan;
  auto events = TRY(parts_.events.read_after(*position_, static_cast<int>(max_events_per_read)));
  if (events.empty()) return plan;
  TRY(refresh_endpoints());
  plan.has_more = events.size() == max_events_per_read;
  for (events::Event& event : events) {
    plan.read_to = event.id;
    add_deliveries(plan, std::make_shared<const events::Event>(std::move(event)));
    if (plan.deliveries.size() < max_deliveries_per_commit) continue;
    plan.has_more = true;
    break;
  }
  return plan;
}

void FanOut::add_deliveries(Plan& plan, std::shared_ptr<const events::Event> event) {
  const auto of_tenant = endpoints_.find(event->tenant);
  if (of_tenant == endpoints_.end()) return;
  EventView view(*event);
  for (const auto& endpoint : of_tenant->second) {
    if (!selects(*endpoint, view)) continue;
    PendingDelivery pending = make_delivery(*endpoint, event, false);
    pending.delivery.order_key = order_key_of(*endpoint, view);
    plan.deliveries.push_back(std::move(pending));
  }
}

PendingDelivery FanOut::make_delivery(const Endpoint& endpoint,
                                      std::shared_ptr<const events::Event> event,
                                      bool is_replay) const {
  Delivery delivery;
  delivery.id = {parts_.ids.next()};
  delivery.tenant = endpoint.tenant;
  delivery.endpoint = endpoint.id;
  delivery.event = event->id;
  delivery.event_type = event->type;
  delivery.is_replay = is_replay;
  delivery.created_at = delivery.next_attempt_at = parts_.clock.now();
  return {std::move(delivery), std::move(event)};
}

Result<void> FanOut::write(std::vector<PendingDelivery> deliveries, const Also& also) {
  std::promise<Result<void>> promise;
  auto written = promise.get_future();
  std::vector<PendingDelivery> fresh;
  parts_.database.submit(
      [&](sql::Tx& tx) -> Result<void> {
        TRY(parts_.fence(tx));
        fresh.clear();
        for (PendingDelivery& pending : deliveries) {
          if (!TRY(outbox::insert(tx, pending.delivery))) continue;
          if (pending.delivery.next_attempt_at != Delivery::held) fresh.push_back(pending);
        }
        return also(tx);
      },
      [&](const Result<void>& committed) {
        // On the writer's thread, so that no later change of them can come first.
        if (committed) parts_.dispatcher.enqueue(std::move(fresh));
        promise.set_value(committed);
      });
  return written.get();
}

/// Events without deliveries move the cursor in memory; after a crash they are read again.
Result<void> FanOut::save_cursor_periodically() {
  const Timestamp now = parts_.clock.now();
  if (*position_ == saved_ || now < saved_at_.plus_us(cursor_interval_us)) return {};
  TRY(parts_.database.write([&](sql::Tx& tx) -> Result<void> {
    TRY(parts_.fence(tx));
    return outbox::set_cursor(tx, *position_);
  }));
  saved_ = *position_;
  saved_at_ = now;
  return {};
}

Result<void> FanOut::poll_other_nodes_periodically() {
  const std::int64_t every_us = parts_.settings.poll_interval_ms * 1'000;
  const Timestamp now = parts_.clock.now();
  if (every_us == 0 || now < polled_at_.plus_us(every_us)) return {};
  polled_at_ = now;
  auto current = TRY(parts_.database.read([&](sql::Tx& tx) { return parts_.store.versions(tx); }));
  std::vector<EndpointStore::Version> changed;  // Also those that were removed.
  std::set_symmetric_difference(current.begin(), current.end(), versions_.begin(), versions_.end(),
                                std::back_inserter(changed));
  for (const auto& version : changed) parts_.dispatcher.reload(version.endpoint);
  for (const auto& version : current) parts_.dispatcher.check_store(version.endpoint);
  versions_ = std::move(current);
  endpoints_mark_.reset();
  has_replays_ = true;
  return {};
}

Result<bool> FanOut::run_replays() {
  if (!has_replays_) return false;
  has_replays_ = false;
  const auto replays = TRY(parts_.database.read([](sql::Tx& tx) { return outbox::replays(tx); }));
  for (const outbox::Replay& replay : replays) {
    auto endpoint = TRY(
        parts_.database.read([&](sql::Tx& tx) { return parts_.store.load(tx, replay.endpoint); }));
    if (!endpoint) {
      outbox::Replay ended = replay;
      ended.position = ended.last;
      TRY(write({}, [&](sql::Tx& tx) { return outbox::move_replay(tx, ended); }));
    } else if (replay.kind == outbox::ReplayKind::failed) {
      TRY(replay_failed(replay, *endpoint));
    } else {
      TRY(replay_events(replay, *std::move(endpoint)));
    }
  }
  if (!replays.empty()) has_replays_ = true;
  return !replays.empty();
}

Result<void> FanOut::replay_events(outbox::Replay replay, Endpoint endpoint) {
  endpoint.start_after = {};  // Also events from before its creation.
  std::vector<PendingDelivery> deliveries;
  const EventId from{replay.position};
  replay.position = replay.last;
  for (events::Event& read : TRY(parts_.events.read_after(from, max_replays_per_commit))) {
    if (read.id.value > replay.last) {
      replay.position = replay.last;
      break;
    }
    replay.position = read.id.value;
    auto event = std::make_shared<const events::Event>(std::move(read));
    EventView view(*event);
    if (!selects(endpoint, view)) continue;
    deliveries.push_back(make_delivery(endpoint, event, true));
    deliveries.back().delivery.order_key = order_key_of(endpoint, view);
  }
  return write(std::move(deliveries), [&](sql::Tx& tx) { return outbox::move_replay(tx, replay); });
}

Result<void> FanOut::replay_failed(outbox::Replay replay, const Endpoint& endpoint) {
  const auto dead = TRY(parts_.database.read([&](sql::Tx& tx) {
    return outbox::dead_letters(tx, endpoint.id, replay.position, replay.last,
                                max_replays_per_commit);
  }));
  std::vector<PendingDelivery> deliveries;
  for (const Delivery& one : dead) {
    auto event = TRY(parts_.events.find(one.tenant, one.event));
    if (!event) continue;
    deliveries.push_back(
        make_delivery(endpoint, std::make_shared<const events::Event>(*std::move(event)), true));
    deliveries.back().delivery.order_key = one.order_key;
  }
  replay.position = dead.empty() ? replay.last : dead.back().id.value;
  const Timestamp now = parts_.clock.now();
  return write(std::move(deliveries), [&](sql::Tx& tx) -> Result<void> {
    for (const Delivery& one : dead) TRY(outbox::mark_replayed(tx, one.tenant, one.id, now));
    return outbox::move_replay(tx, replay);
  });
}

}  // namespace florin::webhooks
