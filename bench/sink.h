#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "bench/histogram.h"

namespace florin::bench {

/// A receiver of webhooks: takes every POST over keep-alive connections and answers 200, but never
/// a path that begins with "/hang". One thread. It knows a delivery by its webhook-id and path, and
/// measures its lag from `created_at` in the body.
class Sink {
 public:
  static Result<std::unique_ptr<Sink>> start();
  ~Sink();

  std::string url(std::string_view path) const;
  struct Seen {
    std::int64_t distinct = 0, repeated = 0;
    Histogram lag;
  };
  Seen seen() const;
  /// Forgets what was seen.
  void reset();

 private:
  struct Connection;
  Sink() = default;
  void run();
  void accept_all();
  bool serve(Connection& connection);
  bool answer_next(Connection& connection);
  void note(std::string_view head, std::string_view body);

  int listener_ = -1, epoll_ = -1, port_ = 0;
  std::atomic<bool> is_stopping_{false};
  mutable std::mutex mutex_;  // Guards what follows.
  Seen seen_;
  std::set<std::string, std::less<>> ids_;
  std::thread thread_;
};

}  // namespace florin::bench
