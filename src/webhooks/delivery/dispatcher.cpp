#include "webhooks/delivery/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/try.h"
#include "events/events.h"
#include "platform/log/log.h"
#include "webhooks/delivery/figures.h"
#include "webhooks/delivery/outbox_store.h"
#include "webhooks/endpoints/endpoint_store.h"
#include "webhooks/settings.h"

namespace florin::webhooks {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t longest_rest_us = second_us;  // A wake-up ends it.
constexpr std::chrono::seconds patience_at_stop{3};
constexpr double jitter = 0.1;

/// What the verdict makes of the delivery and of the attempt's entry in the log.
void conclude(Outcome& outcome, const Verdict& verdict, Timestamp started_at) {
  Delivery& delivery = outcome.delivery;
  Attempt& attempt = outcome.attempt;
  attempt.delivery = delivery.id;
  attempt.number = ++delivery.attempts;
  attempt.started_at = started_at;
  attempt.duration_us = outcome.ended_at.us - started_at.us;
  delivery.state = verdict.state;
  delivery.next_attempt_at = verdict.next_attempt_at;
  delivery.last_status = attempt.status;
  delivery.last_error = attempt.error;
  if (verdict.state == DeliveryState::delivered) delivery.delivered_at = outcome.ended_at;
  outcome.is_gone = verdict.is_gone;
}

}  // namespace

Dispatcher::Dispatcher(Parts parts)
    : parts_(parts),
      recorder_({parts_.database, parts_.store, parts_.endpoints, parts_.changes, parts_.fence},
                [this](Outcome& outcome, const Result<void>& committed) {
                  post(&Inbox::settled, Settled{std::move(outcome), committed.has_value()});
                }),
      worker_("webhook-send", [this] { return turn(); }) {}

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
    landed_.wait_for(lock, patience_at_stop, [&] { return under_way_ == 0; });
  }
  worker_.stop();
  recorder_.wait_until_written();
}

void Dispatcher::hand_over(std::vector<Waiting> fresh) {
  {
    const std::lock_guard lock(mutex_);
    std::move(fresh.begin(), fresh.end(), std::back_inserter(inbox_.fresh));
  }
  worker_.wake();
}

void Dispatcher::reload(EndpointId endpoint) { post(&Inbox::reloads, endpoint); }
void Dispatcher::look(EndpointId endpoint) { post(&Inbox::looks, endpoint); }

template <class T>
void Dispatcher::post(std::vector<T> Inbox::*place, T item) {
  {
    const std::lock_guard lock(mutex_);
    (inbox_.*place).push_back(std::move(item));
  }
  worker_.wake();
}

std::int64_t Dispatcher::turn() {
  Inbox inbox;
  bool is_stopping = false;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
    is_stopping = is_stopping_;
  }
  take_in(std::move(inbox));
  const Timestamp now = parts_.clock.now();
  if (is_stopping || !can_write(now)) return longest_rest_us;
  for (auto& [id, line] : lines_) {
    if (line.queue.needs_refill(now)) refill(line, now);
  }
  send_due(now);
  return rest_us(now);
}

/// What is fresh comes before what is settled: a delivery that was read from the store a moment
/// before it was handed over is still known then, and is not sent twice.
void Dispatcher::take_in(Inbox inbox) {
  for (const EndpointId id : inbox.reloads) load(id);
  for (Waiting& waiting : inbox.fresh) {
    const EndpointId id = waiting.delivery.endpoint;
    if (!lines_.contains(id)) load(id);
    if (const auto line = lines_.find(id); line != lines_.end())
      line->second.queue.push(std::move(waiting));
  }
  for (Landing& landing : inbox.landings) land(std::move(landing));
  for (Settled& settled : inbox.settled) settle(std::move(settled));
  for (const EndpointId id : inbox.looks) {
    if (const auto line = lines_.find(id); line != lines_.end())
      line->second.queue.expect_stored(Timestamp{0});
  }
}

void Dispatcher::load(EndpointId id) {
  auto read = read_line(id);
  if (!read) {
    log::error("a webhook endpoint cannot be used",
               {{"endpoint", id.str()}, {"code", read.error().code.name}});
    return;
  }
  if (!*read) {
    lines_.erase(id);
    return;
  }
  Line& line = lines_[id];
  line.queue.set_endpoint((*read)->queue.endpoint());
  line.queue.clear();
  line.credentials = std::move((*read)->credentials);
}

Result<std::optional<Dispatcher::Line>> Dispatcher::read_line(EndpointId id) {
  return parts_.database.read([&](sql::Tx& tx) -> Result<std::optional<Line>> {
    const auto endpoint = TRY(parts_.store.load(tx, id));
    if (!endpoint) return std::optional<Line>();
    const auto secrets = TRY(parts_.store.secrets(tx, id, parts_.clock.now()));
    Credentials credentials{TRY(Signer::make(secrets))};
    auto key = TRY(parts_.store.private_key(tx, id));
    if (key && endpoint->tls.certificate_pem)
      credentials.certificate = {*endpoint->tls.certificate_pem, *std::move(key)};
    Line line;
    line.queue.set_endpoint(*endpoint);
    line.credentials = std::make_shared<const Credentials>(std::move(credentials));
    return std::optional(std::move(line));
  });
}

void Dispatcher::land(Landing landing) {
  const Timestamp now = parts_.clock.now();
  Flight& flight = landing.flight;
  Outcome outcome{std::move(flight.waiting.delivery),
                  attempt_of(flight.sent, landing.received, flight.broken_status), now};
  const auto found = lines_.find(outcome.delivery.endpoint);
  const Manner manner = found == lines_.end() ? Manner() : found->second.queue.endpoint().manner;
  const double part = std::uniform_real_distribution<double>(-jitter, jitter)(random_);
  const Verdict verdict =
      judge(manner, {outcome.delivery.attempts + 1, now, part}, answer_of(landing.received, now));
  conclude(outcome, verdict, flight.started_at);
  observe(outcome, *flight.waiting.event);

  --in_flight_;
  doubted_in_flight_ -= flight.was_doubted ? 1 : 0;
  if (found != lines_.end()) {
    found->second.queue.answered(verdict.state == DeliveryState::delivered);
    if (verdict.endpoint_rests_until) found->second.queue.rest_until(*verdict.endpoint_rests_until);
  }
  being_written_[outcome.delivery.id] = std::move(flight.waiting.event);
  recorder_.submit(std::move(outcome));
  const std::lock_guard lock(mutex_);
  if (--under_way_ == 0) landed_.notify_all();
}

void Dispatcher::observe(const Outcome& outcome, const events::Event& event) {
  const auto seconds = [](std::int64_t us) { return static_cast<double>(us) / second_us; };
  const Delivery& delivery = outcome.delivery;
  parts_.figures.attempts(delivery.state).add();
  if (outcome.attempt.error) parts_.figures.failures(*outcome.attempt.error).add();
  parts_.figures.attempt_seconds.observe(seconds(outcome.attempt.duration_us));
  if (delivery.state == DeliveryState::delivered && !delivery.is_replay)
    parts_.figures.lag_seconds.observe(seconds(outcome.ended_at.us - event.created_at.us));
}

void Dispatcher::settle(Settled settled) {
  is_store_ill_ = !settled.is_written;
  if (is_store_ill_) {
    write_again_at_ = parts_.clock.now().plus_us(second_us);
    unwritten_.push_back(std::move(settled.outcome));
    return;
  }
  Delivery& delivery = settled.outcome.delivery;
  auto event = being_written_.extract(delivery.id);
  const auto found = lines_.find(delivery.endpoint);
  if (found == lines_.end()) return;
  EndpointQueue& queue = found->second.queue;
  queue.settled(delivery.id);
  if (delivery.state == DeliveryState::failed) {
    queue.push({std::move(delivery), std::move(event.mapped())});
  } else if (delivery.order_key) {
    queue.expect_stored(Timestamp{0});  // The next of its key was let go.
  }
}

bool Dispatcher::can_write(Timestamp now) {
  if (is_store_ill_ && now >= write_again_at_) {
    for (Outcome& outcome : std::exchange(unwritten_, {})) recorder_.submit(std::move(outcome));
    write_again_at_ = now.plus_us(second_us);
  }
  return !is_store_ill_;
}

void Dispatcher::refill(Line& line, Timestamp now) {
  if (const auto read = read_open(line, now); !read) {
    log::warn("webhook deliveries cannot be read", {{"code", read.error().code.name}});
    line.queue.expect_stored(now.plus_us(second_us));
  }
}

Result<void> Dispatcher::read_open(Line& line, Timestamp now) {
  // A full queue of later attempts still takes what is due before them.
  const std::size_t most = std::max(line.queue.room(), EndpointQueue::most_waiting / 4);
  std::vector<Delivery> found;
  line.queue.refilled();
  TRY(parts_.database.read([&](sql::Tx& tx) {
    const EndpointId id = line.queue.endpoint().id;
    return outbox::visit_open(tx, id, [&](const Delivery& delivery) {
      if (delivery.next_attempt_at == Delivery::held) return false;
      if (line.queue.knows(delivery.id)) return true;
      if (found.size() == most) {
        line.queue.expect_stored(std::max(delivery.next_attempt_at, now));
        return false;
      }
      found.push_back(delivery);
      return true;
    });
  }));
  for (Delivery& delivery : found) {
    auto event = TRY(parts_.events.find(delivery.tenant, delivery.event));
    if (!event) continue;  // Events are never removed while a delivery of theirs is open.
    line.queue.push(
        {std::move(delivery), std::make_shared<const events::Event>(*std::move(event))});
  }
  return {};
}

void Dispatcher::send_due(Timestamp now) {
  bool has_sent = true;
  while (has_sent && in_flight_ < parts_.settings.max_in_flight) {
    has_sent = false;
    // Each round begins behind where the last one ended, so that no endpoint is always first.
    auto line = lines_.upper_bound(first_in_turn_);
    for (std::size_t i = 0; i < lines_.size(); ++i, ++line) {
      if (line == lines_.end()) line = lines_.begin();
      if (in_flight_ >= parts_.settings.max_in_flight) break;
      first_in_turn_ = line->first;
      has_sent |= send_next(line->second, now);
    }
  }
  parts_.figures.in_flight.set(in_flight_);
}

/// Half of the attempts are kept for endpoints that answer.
bool Dispatcher::may_send(const Line& line) const {
  const int most =
      line.queue.is_doubted() ? parts_.settings.max_in_flight / 2 : parts_.settings.max_in_flight;
  return line.credentials && in_flight_ < most;
}

bool Dispatcher::send_next(Line& line, Timestamp now) {
  if (!may_send(line)) return false;
  auto waiting = line.queue.take(now);
  if (!waiting) return false;
  auto request = request_of(line.queue.endpoint(), *line.credentials, *waiting->event, now);
  auto flight =
      std::make_shared<Flight>(Flight{*std::move(waiting), request.headers, parts_.clock.now()});
  ++in_flight_;
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  request.on_broken_answer = [flight](int status) { flight->broken_status = status; };
  parts_.client.send(std::move(request), [this, flight](Result<http_client::Response> received) {
    post(&Inbox::landings, Landing{std::move(*flight), std::move(received)});
  });
  return true;
}

std::int64_t Dispatcher::rest_us(Timestamp now) const {
  Timestamp next = now.plus_us(longest_rest_us);
  for (const auto& [id, line] : lines_) {
    // Those that wait for others' answers are looked at when one comes.
    if (may_send(line)) next = std::min(next, line.queue.next_look(now));
  }
  return std::max<std::int64_t>(0, next.us - now.us);
}

}  // namespace florin::webhooks
