#include "sandbox/deliveries.h"

#include <utility>

namespace florin::sandbox {
namespace {

constexpr std::size_t most_remembered = 10'000;

}  // namespace

bool Deliveries::add(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  ++counts_.received;
  if (++times_[delivery.id] > 1) {
    ++counts_.duplicates;
    return false;
  }
  ++counts_.unique;
  deliveries_.push_back(std::move(delivery));
  if (deliveries_.size() > most_remembered) deliveries_.pop_front();
  return true;
}

std::vector<Delivery> Deliveries::last(std::string_view id, std::string_view type,
                                       std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::vector<Delivery> found;
  for (auto one = deliveries_.rbegin(); one != deliveries_.rend() && found.size() < count; ++one) {
    if ((!id.empty() && one->id != id) || (!type.empty() && one->type != type)) continue;
    found.push_back(*one);
    found.back().times = times_.at(one->id);
  }
  return found;
}

DeliveryCounts Deliveries::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Deliveries::clear() {
  const std::lock_guard lock(mutex_);
  deliveries_.clear();
  times_.clear();
  counts_ = {};
}

}  // namespace florin::sandbox
