#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

namespace florin::sql {

/// Whose turn an item uses up, and how much work it is.
struct Share {
  std::int64_t owner = 0;
  std::size_t weight = 1;
};

/// A queue in which owners take turns: what one owner queues delays another by one of its items,
/// however many it has. Items of one owner stay in order. Not for concurrent use.
template <class T>
class FairQueue {
 public:
  void push(Share share, T value) {
    std::deque<Entry>& own = by_owner_[share.owner];
    if (own.empty()) turns_.push_back(share.owner);
    own.push_back({share.weight, std::move(value)});
    ++size_;
  }

  std::size_t size() const { return size_; }

  /// Hands out items, one of each owner in turn, until there are `max_count` or the next would
  /// pass `max_weight`; one at least.
  template <class Take>
  void take(std::size_t max_count, std::size_t max_weight, const Take& take) {
    std::size_t weight = 0;
    for (std::size_t count = 0; count < max_count && size_ > 0; ++count) {
      const std::int64_t owner = turns_.front();
      const auto own = by_owner_.find(owner);
      Entry& next = own->second.front();
      weight += next.weight;
      if (count > 0 && weight > max_weight) return;
      take(std::move(next.value));
      turns_.pop_front();
      own->second.pop_front();
      --size_;
      if (own->second.empty()) {
        by_owner_.erase(own);
      } else {
        turns_.push_back(owner);
      }
    }
  }

 private:
  struct Entry {
    std::size_t weight;
    T value;
  };
  std::unordered_map<std::int64_t, std::deque<Entry>> by_owner_;  // None of them empty.
  std::deque<std::int64_t> turns_;                                // Owners in by_owner_, each once.
  std::size_t size_ = 0;
};

}  // namespace florin::sql
