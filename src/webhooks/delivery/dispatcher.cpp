#include "webhooks/delivery/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/try.h"
#include "events/events.h"
#include "platform/log/log.h"
#include "webhooks/delivery/metrics.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/settings.h"

namespace florin::webhooks {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t max_wait_us = second_us;  // A wake-up ends it.
constexpr std::chrono::seconds stop_timeout{3};
constexpr double jitter = 0.1;

/// Updates the delivery and the attempt's log entry by the decision.
void apply(AttemptResult& result, const RetryDecision& decision, Timestamp started_at) {
  Delivery& delivery = result.delivery;
  Attempt& attempt = result.attempt;
  attempt.delivery = delivery.id;
  attempt.number = ++delivery.attempts;
  attempt.started_at = started_at;
  attempt.duration_us = result.ended_at.us - started_at.us;
  delivery.state = decision.state;
  delivery.next_attempt_at = decision.next_attempt_at;
  delivery.last_status = attempt.status;
  delivery.last_error = attempt.error;
  if (decision.state == DeliveryState::delivered) delivery.delivered_at = result.ended_at;
  result.is_gone = decision.is_gone;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : parts_(parts),
      recorder_({parts_.database, parts_.store, parts_.endpoints, parts_.changes, parts_.fence},
                [this](AttemptResult& result, const Result<void>& committed) {
                  post(&Inbox::recorded, RecordedAttempt{std::move(result), committed.has_value()});
                }),
      worker_("webhook-send", [this] { return tick(); }) {}

Dispatcher::~Dispatcher() { stop(); }

Result<void> Dispatcher::start() {
  for (const EndpointId id :
       TRY(parts_.database.read([&](sql::Tx& tx) { return parts_.store.all_ids(tx); })))
    reload(id);
  worker_.start();
  return {};
}

void Dispatcher::stop() {
  {
    std::unique_lock lock(mutex_);
    if (std::exchange(is_stopping_, true)) return;
    all_completed_.wait_for(lock, stop_timeout, [&] { return outstanding_ == 0; });
  }
  worker_.stop();
  recorder_.wait_until_written();
}

void Dispatcher::enqueue(std::vector<PendingDelivery> deliveries) {
  {
    const std::lock_guard lock(mutex_);
    std::move(deliveries.begin(), deliveries.end(), std::back_inserter(inbox_.created));
  }
  worker_.wake();
}

void Dispatcher::reload(EndpointId endpoint) { post(&Inbox::reloads, endpoint); }
void Dispatcher::check_store(EndpointId endpoint) { post(&Inbox::checks, endpoint); }

template <class T>
void Dispatcher::post(std::vector<T> Inbox::*place, T item) {
  {
    const std::lock_guard lock(mutex_);
    (inbox_.*place).push_back(std::move(item));
  }
  worker_.wake();
}

std::int64_t Dispatcher::tick() {
  Inbox inbox;
  bool is_stopping = false;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
    is_stopping = is_stopping_;
  }
  process_inbox(std::move(inbox));
  const Timestamp now = parts_.clock.now();
  if (is_stopping || !can_write(now)) return max_wait_us;
  for (auto& [id, target] : targets_) {
    if (target.queue.needs_refill(now)) refill(target, now);
  }
  send_due(now);
  return wait_us(now);
}

/// Created deliveries come before recorded ones: one that was read from the store a moment before
/// it was enqueued is then still in the queue, and is not sent twice.
void Dispatcher::process_inbox(Inbox inbox) {
  for (const EndpointId id : inbox.reloads) load(id);
  for (PendingDelivery& pending : inbox.created) {
    const EndpointId id = pending.delivery.endpoint;
    if (!targets_.contains(id)) load(id);
    if (const auto target = targets_.find(id); target != targets_.end())
      target->second.queue.push(std::move(pending));
  }
  for (CompletedAttempt& completed : inbox.completed) complete(std::move(completed));
  for (RecordedAttempt& recorded : inbox.recorded) on_recorded(std::move(recorded));
  for (const EndpointId id : inbox.checks) {
    if (const auto target = targets_.find(id); target != targets_.end())
      target->second.queue.expect_stored(Timestamp{0});
  }
}

void Dispatcher::load(EndpointId id) {
  auto read = read_target(id);
  if (!read) {
    log::error("a webhook endpoint cannot be used",
               {{"endpoint", id.str()}, {"code", read.error().code.name}});
    return;
  }
  if (!*read) {
    targets_.erase(id);
    return;
  }
  Target& target = targets_[id];
  target.queue.set_endpoint((*read)->queue.endpoint());
  target.queue.clear();
  target.credentials = std::move((*read)->credentials);
}

Result<std::optional<Dispatcher::Target>> Dispatcher::read_target(EndpointId id) {
  return parts_.database.read([&](sql::Tx& tx) -> Result<std::optional<Target>> {
    const auto endpoint = TRY(parts_.store.load(tx, id));
    if (!endpoint) return std::optional<Target>();
    const auto secrets = TRY(parts_.store.secrets(tx, id, parts_.clock.now()));
    Credentials credentials{TRY(Signer::make(secrets))};
    auto key = TRY(parts_.store.private_key(tx, id));
    if (key && endpoint->tls.certificate_pem)
      credentials.certificate = {*endpoint->tls.certificate_pem, *std::move(key)};
    Target target;
    target.queue.set_endpoint(*endpoint);
    target.credentials = std::make_shared<const Credentials>(std::move(credentials));
    return std::optional(std::move(target));
  });
}

void Dispatcher::complete(CompletedAttempt completed) {
  const Timestamp now = parts_.clock.now();
  StartedAttempt& started = completed.started;
  AttemptResult result{std::move(started.pending.delivery),
                       attempt_of(started.sent, completed.received, started.broken_status), now};
  const auto found = targets_.find(result.delivery.endpoint);
  const DeliveryPolicy policy =
      found == targets_.end() ? DeliveryPolicy() : found->second.queue.endpoint().policy;
  const double part = std::uniform_real_distribution<double>(-jitter, jitter)(random_);
  const RetryDecision decision = decide(policy, {result.delivery.attempts + 1, now, part},
                                        response_of(completed.received, now));
  apply(result, decision, started.started_at);
  observe(result, *started.pending.event);

  --in_flight_;
  if (found != targets_.end()) {
    found->second.queue.on_completed(decision.state == DeliveryState::delivered);
    if (decision.paused_until) found->second.queue.pause_until(*decision.paused_until);
  }
  events_being_recorded_[result.delivery.id] = std::move(started.pending.event);
  recorder_.submit(std::move(result));
  const std::lock_guard lock(mutex_);
  if (--outstanding_ == 0) all_completed_.notify_all();
}

void Dispatcher::observe(const AttemptResult& result, const events::Event& event) {
  const auto seconds = [](std::int64_t us) { return static_cast<double>(us) / second_us; };
  const Delivery& delivery = result.delivery;
  parts_.metrics.attempts(delivery.state).add();
  if (result.attempt.error) parts_.metrics.failures(*result.attempt.error).add();
  parts_.metrics.attempt_seconds.observe(seconds(result.attempt.duration_us));
  if (delivery.state == DeliveryState::delivered && !delivery.is_replay)
    parts_.metrics.lag_seconds.observe(seconds(result.ended_at.us - event.created_at.us));
}

void Dispatcher::on_recorded(RecordedAttempt recorded) {
  store_unavailable_ = !recorded.is_written;
  if (store_unavailable_) {
    retry_write_at_ = parts_.clock.now().plus_us(second_us);
    unwritten_.push_back(std::move(recorded.result));
    return;
  }
  Delivery& delivery = recorded.result.delivery;
  auto event = events_being_recorded_.extract(delivery.id);
  const auto found = targets_.find(delivery.endpoint);
  if (found == targets_.end()) return;
  EndpointQueue& queue = found->second.queue;
  queue.on_recorded(delivery.id);
  if (delivery.state == DeliveryState::failed) {
    queue.push({std::move(delivery), std::move(event.mapped())});
  } else if (delivery.order_key) {
    queue.expect_stored(Timestamp{0});  // The next of its key was released.
  }
}

bool Dispatcher::can_write(Timestamp now) {
  if (store_unavailable_ && now >= retry_write_at_) {
    for (AttemptResult& result : std::exchange(unwritten_, {})) recorder_.submit(std::move(result));
    retry_write_at_ = now.plus_us(second_us);
  }
  return !store_unavailable_;
}

void Dispatcher::refill(Target& target, Timestamp now) {
  if (const auto read = read_open(target, now); !read) {
    log::warn("webhook deliveries cannot be read", {{"code", read.error().code.name}});
    target.queue.expect_stored(now.plus_us(second_us));
  }
}

Result<void> Dispatcher::read_open(Target& target, Timestamp now) {
  // A full queue of later attempts still takes earlier ones.
  const std::size_t limit = std::max(target.queue.free_places(), EndpointQueue::max_waiting / 4);
  std::vector<Delivery> found;
  target.queue.refilled();
  TRY(parts_.database.read([&](sql::Tx& tx) {
    const EndpointId id = target.queue.endpoint().id;
    return outbox::visit_open(tx, id, [&](const Delivery& delivery) {
      if (delivery.next_attempt_at == Delivery::held) return false;
      if (target.queue.contains(delivery.id)) return true;
      if (found.size() == limit) {
        target.queue.expect_stored(std::max(delivery.next_attempt_at, now));
        return false;
      }
      found.push_back(delivery);
      return true;
    });
  }));
  for (Delivery& delivery : found) {
    auto event = TRY(parts_.events.find(delivery.tenant, delivery.event));
    if (!event) continue;  // Events are never removed while a delivery of theirs is open.
    target.queue.push(
        {std::move(delivery), std::make_shared<const events::Event>(*std::move(event))});
  }
  return {};
}

void Dispatcher::send_due(Timestamp now) {
  bool has_sent = true;
  while (has_sent && in_flight_ < parts_.settings.max_in_flight) {
    has_sent = false;
    // Each round starts after the last endpoint of the one before, so that none is always first.
    auto target = targets_.upper_bound(round_start_);
    for (std::size_t i = 0; i < targets_.size(); ++i, ++target) {
      if (target == targets_.end()) target = targets_.begin();
      if (in_flight_ >= parts_.settings.max_in_flight) break;
      round_start_ = target->first;
      has_sent |= send_next(target->second, now);
    }
  }
  parts_.metrics.in_flight.set(in_flight_);
}

/// Half of all attempts are reserved for endpoints that answer.
bool Dispatcher::can_send(const Target& target) const {
  const int limit =
      target.queue.is_limited() ? parts_.settings.max_in_flight / 2 : parts_.settings.max_in_flight;
  return target.credentials && in_flight_ < limit;
}

bool Dispatcher::send_next(Target& target, Timestamp now) {
  if (!can_send(target)) return false;
  auto pending = target.queue.take(now);
  if (!pending) return false;
  auto request = request_of(target.queue.endpoint(), *target.credentials, *pending->event, now);
  auto started = std::make_shared<StartedAttempt>(
      StartedAttempt{*std::move(pending), request.headers, parts_.clock.now()});
  ++in_flight_;
  {
    const std::lock_guard lock(mutex_);
    ++outstanding_;
  }
  request.on_broken_answer = [started](int status) { started->broken_status = status; };
  parts_.client.send(std::move(request), [this, started](Result<http_client::Response> received) {
    post(&Inbox::completed, CompletedAttempt{std::move(*started), std::move(received)});
  });
  return true;
}

std::int64_t Dispatcher::wait_us(Timestamp now) const {
  Timestamp next = now.plus_us(max_wait_us);
  for (const auto& [id, target] : targets_) {
    // An endpoint that may not send now is checked again when an attempt completes.
    if (can_send(target)) next = std::min(next, target.queue.next_check(now));
  }
  return std::max<std::int64_t>(0, next.us - now.us);
}

}  // namespace florin::webhooks
