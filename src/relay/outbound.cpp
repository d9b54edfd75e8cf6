#include "relay/outbound.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "events/events.h"
#include "platform/kafka/errors.h"
#include "platform/log/log.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "relay/kafka_binding.h"
#include "relay/relay_metrics.h"
#include "relay/relay_store.h"
#include "relay/topics.h"

namespace florin::relay {
namespace {

/// The pause between reads of the log when it has nothing new.
constexpr std::int64_t idle_us = 20'000;
constexpr int poll_ms = 20;
constexpr std::int64_t min_pause_us = 500'000;
constexpr std::int64_t max_pause_us = 30'000'000;
constexpr int max_events_at_once = 1'000;
/// A cursor that is saved late repeats some events after a crash; one saved at each tick would cost
/// a commit for each event in quiet times.
constexpr std::int64_t cursor_every_us = 1'000'000;
constexpr int final_flush_ms = 2'000;

}  // namespace

Outbound::Outbound(Parts parts, const Settings& settings)
    : parts_(parts),
      settings_(settings),
      source_("urn:florin:" + settings.topic_prefix),
      worker_("kafka-out", [this] { return tick(); }) {}

Outbound::~Outbound() { stop(); }

std::int64_t Outbound::tick() {
  if (!producer_) {
    if (const auto begun = begin(); !begun) return back_off(begun.error());
  }
  const auto worked = work();
  if (failure_) return back_off(*failure_);
  if (!worked) {
    // The database is unavailable, not Kafka: records being sent are not affected.
    set_fault(worked.error().detail);
    return min_pause_us;
  }
  set_fault(producer_->fault());
  return sent_.empty() ? idle_us : 0;
}

Result<void> Outbound::begin() {
  const EventId cursor = TRY(parts_.database.read([](sql::Tx& tx) { return store::cursor(tx); }));
  producer_ = TRY(kafka::open_producer(settings_.kafka, parts_.registry));
  sent_.clear();
  first_number_ = 0;
  failure_.reset();
  // This process may not have saved the last acknowledgements yet.
  position_ = std::max(position_.load(), cursor.value);
  read_to_ = {position_};
  saved_ = cursor;
  return {};
}

Result<void> Outbound::work() {
  TRY(fill());
  producer_->poll(sent_.empty() ? 0 : poll_ms);
  pass_acknowledged();
  return save_cursor_periodically();
}

/// After a failure events are sent one by one until the one that failed is acknowledged: each retry
/// of it would else repeat all that follow.
std::size_t Outbound::room() const {
  const std::size_t window = read_to_ < one_by_one_to_ ? 1 : settings_.max_unacknowledged;
  return window > sent_.size() ? window - sent_.size() : 0;
}

Result<void> Outbound::fill() {
  // Half a window is worth a read. A node that was paused for longer than its lease must send
  // nothing beside its successor.
  while (!failure_ && parts_.holds_lease() &&
         (sent_.empty() || room() > settings_.max_unacknowledged / 2)) {
    const int wanted = static_cast<int>(std::min<std::size_t>(room(), max_events_at_once));
    const auto events = TRY(parts_.events.read_after(read_to_, wanted));
    for (const events::Event& event : events) {
      if (!TRY(send(event))) return {};
    }
    if (events.size() < static_cast<std::size_t>(wanted)) return {};
  }
  return {};
}

/// False when the event must wait: the client's queue is full, or the record was rejected.
Result<bool> Outbound::send(const events::Event& event) {
  const std::string topic = topic_of(settings_.topic_prefix, event.type);
  OutgoingRecord record = to_record(event, source_, settings_.mode);
  const std::uint64_t number = first_number_ + sent_.size();
  sent_.push_back({event.id});
  const auto queued =
      producer_->send({topic, event.subject, record.value, std::move(record.headers)},
                      [this, number](const Result<void>& outcome) { on_done(number, outcome); });
  if (queued) {
    read_to_ = event.id;
    return true;
  }
  // Full is only possible with others before it.
  const bool is_full = queued.error().code == kafka::errors::kafka_unavailable && sent_.size() > 1;
  if (!is_full) on_done(number, queued);
  sent_.pop_back();
  return false;
}

void Outbound::on_done(std::uint64_t number, const Result<void>& outcome) {
  Sent& sent = sent_[number - first_number_];
  if (outcome) {
    sent.is_acknowledged = true;
    return;
  }
  one_by_one_to_ = failure_ ? std::min(one_by_one_to_, sent.id) : sent.id;
  if (failure_) return;
  failure_ = outcome.error();
  failure_->detail = sent.id.str() + ": " + failure_->detail;
}

void Outbound::pass_acknowledged() {
  std::int64_t passed = 0;
  while (!sent_.empty() && sent_.front().is_acknowledged) {
    position_ = sent_.front().id.value;
    sent_.pop_front();
    ++first_number_;
    ++passed;
  }
  if (passed == 0) return;
  pause_us_ = 0;
  parts_.metrics.relayed.add(static_cast<double>(passed));
}

Result<void> Outbound::save_cursor_periodically() {
  const Timestamp now = parts_.clock.now();
  // A clock that was set back must not keep the cursor from being saved.
  if (now < saved_at_) saved_at_ = now;
  if (now < saved_at_.plus_us(cursor_every_us)) return {};
  TRY(save_cursor());
  saved_at_ = now;
  return {};
}

Result<void> Outbound::save_cursor() {
  const EventId reached{position_};
  if (reached == saved_) return {};
  TRY(parts_.database.write([&](sql::Tx& tx) -> Result<void> {
    TRY(parts_.fence(tx));
    return store::move_cursor(tx, reached);
  }));
  saved_ = reached;
  return {};
}

/// After a failure the producer may break the order: the next one starts again after the last
/// acknowledged event.
std::int64_t Outbound::back_off(const Error& error) {
  if (fault() != error.detail)
    log::warn("events cannot be sent to Kafka",
              {{"code", error.code.name}, {"detail", error.detail}});
  set_fault(error.detail);
  parts_.metrics.failures.add();
  producer_.reset();
  sent_.clear();
  pause_us_ = std::clamp(pause_us_ * 2, min_pause_us, max_pause_us);
  return pause_us_;
}

void Outbound::stop() {
  worker_.stop();
  if (!producer_) return;
  if (!producer_->fault() && !producer_->flush(final_flush_ms))
    log::info("unacknowledged events will be sent to Kafka again");
  pass_acknowledged();
  if (const auto saved = save_cursor(); !saved)
    log::warn("the relay's cursor was not saved", {{"code", saved.error().code.name}});
  producer_.reset();
}

std::optional<std::string> Outbound::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

std::optional<EventId> Outbound::position() const {
  const std::int64_t position = position_;
  return position < 0 ? std::nullopt : std::optional(EventId{position});
}

void Outbound::set_fault(std::optional<std::string> fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

}  // namespace florin::relay
