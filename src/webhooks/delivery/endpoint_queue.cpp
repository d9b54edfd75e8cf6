#include "webhooks/delivery/endpoint_queue.h"

#include <algorithm>

namespace florin::webhooks {
namespace {

constexpr int failures_to_doubt = 3;
constexpr int slots_of_unknown = 2;
constexpr std::size_t low_water = EndpointQueue::most_waiting / 4;
constexpr std::int64_t second_us = 1'000'000;

}  // namespace

void EndpointQueue::push(Waiting waiting) {
  const DeliveryId id = waiting.delivery.id;
  if (knows(id)) return;
  const Timestamp due = waiting.delivery.next_attempt_at;
  waiting_.emplace(Place{due, id}, std::move(waiting));
  due_of_.emplace(id, due);
  if (waiting_.size() <= most_waiting) return;
  const auto last = std::prev(waiting_.end());
  expect_stored(last->first.first);
  due_of_.erase(last->first.second);
  waiting_.erase(last);
}

std::optional<Waiting> EndpointQueue::take(Timestamp now) {
  if (endpoint_.status != EndpointStatus::enabled || waiting_.empty() || in_flight_ >= slots())
    return std::nullopt;
  const auto first = waiting_.begin();
  if (first->first.first > now || rest_until_ > now || rate_allows_at(now) > now)
    return std::nullopt;
  if (const auto rate = endpoint_.manner.rate_limit_per_second)
    paced_until_ = std::max(paced_until_, now).plus_us(second_us / *rate);
  Waiting taken = std::move(first->second);
  due_of_.erase(taken.delivery.id);
  waiting_.erase(first);
  busy_.insert(taken.delivery.id);
  ++in_flight_;
  return taken;
}

void EndpointQueue::answered(bool is_success) {
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
  // A full queue of later attempts must not hide what is due in the store.
  return waiting_.size() <= low_water || waiting_.begin()->first.first > now;
}

Timestamp EndpointQueue::next_look(Timestamp now) const {
  if (endpoint_.status != EndpointStatus::enabled || in_flight_ >= slots()) return never;
  if (needs_refill(now)) return now;
  if (waiting_.empty()) return stored_due_;
  const Timestamp first = waiting_.begin()->first.first;
  const Timestamp next = std::max({first, rest_until_, rate_allows_at(now)});
  const bool looks_into_store = waiting_.size() <= low_water || first > stored_due_;
  return looks_into_store ? std::min(stored_due_, next) : next;
}

bool EndpointQueue::is_doubted() const {
  return !has_succeeded_ || failures_in_a_row_ >= failures_to_doubt;
}

int EndpointQueue::slots() const {
  if (failures_in_a_row_ >= failures_to_doubt) return 1;
  const int most = endpoint_.manner.max_concurrency;
  return has_succeeded_ ? most : std::min(most, slots_of_unknown);
}

Timestamp EndpointQueue::rate_allows_at(Timestamp now) const {
  if (!endpoint_.manner.rate_limit_per_second) return now;
  // A second's worth may go at once; then they go at their pace.
  const std::int64_t step = second_us / *endpoint_.manner.rate_limit_per_second;
  return std::max(now, paced_until_.plus_us(step).plus_us(-second_us));
}

}  // namespace florin::webhooks
