#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/timestamp.h"

namespace florin::sandbox {

/// A webhook that was taken.
struct Delivery {
  std::string id;    ///< The header webhook-id.
  std::string type;  ///< The body's `type`.
  std::string body;
  Timestamp received_at;
  std::int64_t times = 1;  ///< How often it has arrived.
};

struct DeliveryCounts {
  std::int64_t received = 0, unique = 0, duplicates = 0;
};

/// The webhooks that a game server has taken. Ids are remembered until clear(), bodies of the last
/// 10,000. Safe for concurrent use.
class Deliveries {
 public:
  /// True when the id is new.
  bool add(Delivery delivery);
  /// The newest `count`, newest first; `id` and `type` empty: any.
  std::vector<Delivery> last(std::string_view id, std::string_view type, std::size_t count) const;
  DeliveryCounts counts() const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::deque<Delivery> deliveries_;
  std::unordered_map<std::string, std::int64_t> times_;  ///< By id.
  DeliveryCounts counts_;
};

}  // namespace florin::sandbox
