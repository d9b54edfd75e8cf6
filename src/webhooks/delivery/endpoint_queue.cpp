#include "webhooks/delivery/endpoint_queue.h"

#include <algorithm>

namespace florin::webhooks {
namespace {

constexpr int failures_to_limit = 3;
constexpr int max_in_flight_unproven = 2;
constexpr std::size_t refill_below = EndpointQueue::max_waiting / 4;
constexpr std::int64_t second_us = 1'000'000;

}  // namespace

void EndpointQueue::push(PendingDelivery pending) {
  const DeliveryId id = pending.delivery.id;
  if (contains(id)) return;
  const Timestamp due = pending.delivery.next_attempt_at;
  waiting_.emplace(Place{due, id}, std::move(pending));
  due_of_.emplace(id, due);
  if (waiting_.size() <= max_waiting) return;
  const auto last = std::prev(waiting_.end());
  expect_stored(last->first.first);
  due_of_.erase(last->first.second);
  waiting_.erase(last);
}

std::optional<PendingDelivery> EndpointQueue::take(Timestamp now) {
  if (endpoint_.status != EndpointStatus::enabled || waiting_.empty() ||
      in_flight_ >= max_in_flight())
    return std::nullopt;
  const auto first = waiting_.begin();
  if (first->first.first > now || paused_until_ > now || rate_allows_at(now) > now)
    return std::nullopt;
  if (const auto rate = endpoint_.policy.rate_limit_per_second)
    rate_used_until_ = std::max(rate_used_until_, now).plus_us(second_us / *rate);
  PendingDelivery taken = std::move(first->second);
  due_of_.erase(taken.delivery.id);
  waiting_.erase(first);
  sending_.insert(taken.delivery.id);
  ++in_flight_;
  return taken;
}

void EndpointQueue::on_completed(bool is_success) {
  --in_flight_;
  failures_in_a_row_ = is_success ? 0 : failures_in_a_row_ + 1;
  has_succeeded_ |= is_success;
}

void EndpointQueue::clear() {
  waiting_.clear();
  due_of_.clear();
  stored_due_ = Timestamp{0};
}

bool EndpointQueue::needs_refill(Timestamp now) const {
  if (endpoint_.status != EndpointStatus::enabled || stored_due_ > now) return false;
  // A full queue of later attempts must not hide one in the store that is due.
  return waiting_.size() <= refill_below || waiting_.begin()->first.first > now;
}

Timestamp EndpointQueue::next_check(Timestamp now) const {
  if (endpoint_.status != EndpointStatus::enabled || in_flight_ >= max_in_flight()) return never;
  if (needs_refill(now)) return now;
  if (waiting_.empty()) return stored_due_;
  const Timestamp first = waiting_.begin()->first.first;
  const Timestamp next = std::max({first, paused_until_, rate_allows_at(now)});
  // When it was due before, needs_refill() says that what is here goes first.
  const bool checks_store =
      stored_due_ > now && (waiting_.size() <= refill_below || first > stored_due_);
  return checks_store ? std::min(stored_due_, next) : next;
}

bool EndpointQueue::is_limited() const {
  return !has_succeeded_ || failures_in_a_row_ >= failures_to_limit;
}

int EndpointQueue::max_in_flight() const {
  if (failures_in_a_row_ >= failures_to_limit) return 1;
  const int limit = endpoint_.policy.max_concurrency;
  return has_succeeded_ ? limit : std::min(limit, max_in_flight_unproven);
}

Timestamp EndpointQueue::rate_allows_at(Timestamp now) const {
  if (!endpoint_.policy.rate_limit_per_second) return now;
  // The limit of a second may be used at once; after that they are spaced evenly.
  const std::int64_t step = second_us / *endpoint_.policy.rate_limit_per_second;
  return std::max(now, rate_used_until_.plus_us(step).plus_us(-second_us));
}

}  // namespace florin::webhooks
