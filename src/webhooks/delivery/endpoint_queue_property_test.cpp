#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "webhooks/delivery/endpoint_queue.h"

namespace florin::webhooks {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr int seeds = 25;
constexpr int steps = 800;

/// A queue and a store of everything that is to be sent, driven by chance. What the dispatcher does
/// with a queue is done here: the store is read when the queue asks for it.
class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) {
    endpoint_.policy.max_concurrency = pick(1, 12);
    if (pick(0, 1) == 0) endpoint_.policy.rate_limit_per_second = pick(1, 50);
    queue_.set_endpoint(endpoint_);
  }

  void step() {
    switch (pick(0, 9)) {
      case 0:
      case 1:
        create();
        break;
      case 2:
        now_ = now_.plus_us(pick(0, 400'000));
        break;
      case 3:
        complete();
        break;
      case 4:
        record();
        break;
      case 5:
        if (pick(0, 20) == 0) pause();
        if (pick(0, 100) == 0) queue_.clear();
        break;
      default:
        send();
    }
    refill();
  }

  /// Lets time pass until everything was sent.
  void drain() {
    for (int i = 0; i < 200'000 && !(stored_.empty() && in_progress_.empty()); ++i) {
      refill();
      send();
      if (!in_progress_.empty()) complete(true);
      if (!unrecorded_.empty()) record();
      const Timestamp next = queue_.next_check(now_);
      EXPECT_GE(next, now_) << "the dispatcher would not rest";
      if (next != EndpointQueue::never && next > now_) now_ = next;
    }
    EXPECT_TRUE(stored_.empty()) << stored_.size() << " are left";
  }
  std::size_t sent() const { return sent_; }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  /// In the store, and handed to the queue as the fan-out does.
  void create() {
    for (int i = pick(1, 40); i > 0; --i) {
      PendingDelivery pending;
      pending.delivery.id = {next_id_++};
      pending.delivery.next_attempt_at = now_.plus_us(pick(0, 2) == 0 ? pick(0, 5'000'000) : 0);
      stored_[pending.delivery.id] = pending.delivery.next_attempt_at;
      queue_.push(std::move(pending));
    }
  }

  void refill() {
    if (!queue_.needs_refill(now_)) return;
    queue_.refilled();
    std::vector<std::pair<Timestamp, DeliveryId>> due;
    for (const auto& [id, at] : stored_) due.emplace_back(at, id);
    std::sort(due.begin(), due.end());
    std::size_t room = std::max(queue_.free_places(), EndpointQueue::max_waiting / 4);
    for (const auto& [at, id] : due) {
      if (queue_.contains(id)) continue;
      if (room-- == 0) {
        queue_.expect_stored(std::max(at, now_));
        return;
      }
      PendingDelivery pending;
      pending.delivery.id = id;
      pending.delivery.next_attempt_at = at;
      queue_.push(std::move(pending));
    }
  }

  void send() {
    const auto taken = queue_.take(now_);
    if (!taken) return;
    const DeliveryId id = taken->delivery.id;
    EXPECT_TRUE(stored_.contains(id)) << "it was sent and recorded before";
    EXPECT_TRUE(in_progress_.insert(id).second && !unrecorded_.contains(id)) << "sent twice";
    EXPECT_LE(taken->delivery.next_attempt_at, now_) << "before it is due";
    EXPECT_GE(now_, paused_until_) << "during a pause";
    EXPECT_LE(in_progress_.size(), static_cast<std::size_t>(endpoint_.policy.max_concurrency));
    if (!has_succeeded_) {
      EXPECT_LE(in_progress_.size(), 2u);
    }
    if (failures_in_a_row_ >= 3) {
      EXPECT_EQ(in_progress_.size(), 1u);
    }
    check_rate();
    ++sent_;
  }

  /// In any window of a second there are at most two limits' worth: what may go at once, and what
  /// follows at its pace.
  void check_rate() {
    if (!endpoint_.policy.rate_limit_per_second) return;
    times_.insert(now_);
    times_.erase(times_.begin(), times_.upper_bound(now_.plus_us(-second_us)));
    EXPECT_LE(times_.size(),
              static_cast<std::size_t>(2 * *endpoint_.policy.rate_limit_per_second + 1));
  }

  void complete(bool always_succeeds = false) {
    if (in_progress_.empty()) return;
    auto at = in_progress_.begin();
    std::advance(at, pick(0, static_cast<int>(in_progress_.size()) - 1));
    const bool is_success = always_succeeds || pick(0, 3) != 0;
    queue_.on_completed(is_success);
    failures_in_a_row_ = is_success ? 0 : failures_in_a_row_ + 1;
    has_succeeded_ |= is_success;
    unrecorded_[*at] = is_success;
    in_progress_.erase(at);
  }

  void record() {
    if (unrecorded_.empty()) return;
    const auto [id, is_success] = *unrecorded_.begin();
    unrecorded_.erase(unrecorded_.begin());
    queue_.on_recorded(id);
    if (is_success) {
      stored_.erase(id);
      return;
    }
    PendingDelivery retry;
    retry.delivery.id = id;
    retry.delivery.next_attempt_at = stored_[id] = now_.plus_us(pick(1, 3'000'000));
    queue_.push(std::move(retry));
  }

  void pause() {
    paused_until_ = now_.plus_us(pick(0, 2'000'000));
    queue_.pause_until(paused_until_);
  }

  std::mt19937 random_;
  Endpoint endpoint_;
  EndpointQueue queue_;
  Timestamp now_{1'700'000'000 * second_us};
  Timestamp paused_until_{0};
  std::map<DeliveryId, Timestamp> stored_;  // Open, with when each is due.
  std::set<DeliveryId> in_progress_;
  std::map<DeliveryId, bool> unrecorded_;
  std::multiset<Timestamp> times_;  // Of what was sent in the last second.
  std::int64_t next_id_ = 1;
  int failures_in_a_row_ = 0;
  bool has_succeeded_ = false;
  std::size_t sent_ = 0;
};

TEST(EndpointQueueProperty, SendsEachOnceWhenItIsDueWithinItsLimitsAndLosesNone) {
  for (unsigned seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model model(seed);
    for (int i = 0; i < steps; ++i) model.step();
    model.drain();
    EXPECT_GT(model.sent(), 0u);
  }
}

/// Those that are due go in the order in which they are due, whatever the order of their coming.
TEST(EndpointQueueProperty, KeepsTheOrderOfDueTimes) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    Endpoint endpoint;
    endpoint.policy.max_concurrency = 64;
    EndpointQueue queue;
    queue.set_endpoint(endpoint);
    queue.refilled();
    std::vector<std::int64_t> order;
    for (std::int64_t i = 1; i <= 200; ++i) order.push_back(i);
    std::shuffle(order.begin(), order.end(), random);
    for (const std::int64_t id : order) {
      PendingDelivery pending;
      pending.delivery.id = {id};
      pending.delivery.next_attempt_at = {id / 3};  // Some at the same time: then by id.
      queue.push(std::move(pending));
    }
    std::int64_t last = 0;
    while (const auto taken = queue.take({second_us})) {
      EXPECT_EQ(taken->delivery.id.value, last + 1);
      last = taken->delivery.id.value;
      queue.on_completed(true);
      queue.on_recorded(taken->delivery.id);
    }
    EXPECT_EQ(last, 200);
  }
}

}  // namespace
}  // namespace florin::webhooks
