#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/token_bucket.h"
#include "platform/cache/redis_connection.h"

namespace florin::cache {

class SharedLimit;

/// The limits that were taken from and wait to be settled. Closed while there is nobody to settle
/// with. Safe for concurrent use.
class SettlementQueue {
 public:
  /// `wake` is called when something comes in after take_all() found nothing.
  explicit SettlementQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  bool is_open() const { return is_open_.load(std::memory_order_relaxed); }
  void open();
  /// What waits is given back, to be forgotten.
  std::vector<std::shared_ptr<SharedLimit>> close();
  /// False: closed.
  bool add(std::shared_ptr<SharedLimit> limit);
  std::vector<std::shared_ptr<SharedLimit>> take_all();

 private:
  const std::function<void()> wake_;
  std::atomic<bool> is_open_{false};  // Written under the mutex.
  std::mutex mutex_;                  // Guards what follows.
  bool is_idle_ = false;
  std::vector<std::shared_ptr<SharedLimit>> waiting_;
};

/// A node's copy of a bucket that several nodes share. It hands out tokens at once, and is set
/// right by each settlement; without settlements it is simply a bucket of this node. Safe for
/// concurrent use.
class SharedLimit final : public RateLimit, public std::enable_shared_from_this<SharedLimit> {
 public:
  SharedLimit(std::string key, const Limit& limit, SettlementQueue& queue, Timestamp now);

  Taken take(Timestamp now) override;

  /// What was taken since the last settlement. End it by settle() or forget().
  Settlement begin_settlement();
  /// `level`: of the common bucket, with this settlement in it.
  void settle(std::int64_t level, Timestamp now);
  /// There was nobody to settle with: what was taken was this node's own.
  void forget();

 private:
  const std::string key_;
  const Limit limit_;
  SettlementQueue& queue_;
  std::mutex mutex_;  // Guards what follows; never held together with the queue's.
  TokenBucket bucket_;
  std::int64_t spent_ = 0;      // Since the last settlement began.
  std::int64_t in_flight_ = 0;  // In the settlement that runs.
};

}  // namespace florin::cache
