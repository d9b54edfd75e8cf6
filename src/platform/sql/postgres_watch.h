#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

namespace florin::sql {

/// Ends connections whose server does not answer: libpq waits for ever, also when the other side
/// forgot the connection and nobody says so. One thread looks at all connections of a database
/// twice a second. Safe for concurrent use; outlives its lines.
class PostgresWatch {
 public:
  PostgresWatch();
  ~PostgresWatch();
  PostgresWatch(const PostgresWatch&) = delete;
  PostgresWatch& operator=(const PostgresWatch&) = delete;

  class Wait;
  /// One connection that is watched. Has a descriptor of its own, so that none that was closed and
  /// given to somebody else is ever shut.
  class Line {
   public:
    Line(PostgresWatch& watch, int socket, std::chrono::milliseconds patience);
    ~Line();
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

   private:
    friend PostgresWatch;
    friend Wait;
    std::int64_t begin_to_wait();

    PostgresWatch& watch_;
    const int socket_;
    const std::chrono::milliseconds patience_;
    std::atomic<std::int64_t> waits_until_ns_{0};  ///< Steady; 0: waits for nothing.
  };

  /// Lives while an answer is waited for; one may live within another.
  class Wait {
   public:
    explicit Wait(Line* line) : line_(line) {
      if (line_) outer_ns_ = line_->begin_to_wait();
    }
    ~Wait() {
      if (line_) line_->waits_until_ns_ = outer_ns_;
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    Line* const line_;
    std::int64_t outer_ns_ = 0;
  };

 private:
  void run();
  void end_silent_lines();

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  std::set<Line*> lines_;
  std::thread thread_;
};

}  // namespace florin::sql
