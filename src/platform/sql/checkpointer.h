#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "platform/sql/sqlite_connection.h"
#include "platform/sql/write_lane.h"

namespace florin::sql {

/// Copies the write-ahead log into the database file on a thread of its own, so that no commit pays
/// for it. While writes go on without a pause the log has always a newest part that is not copied,
/// and grows; beyond a limit the lane is asked to stand still for the moment that the rest takes.
class Checkpointer {
 public:
  Checkpointer(std::unique_ptr<SqliteConnection> connection, WriteLane& lane, int wal_limit_mib);
  ~Checkpointer();
  /// Stop the lane first. Gives the connection, which nobody uses any more.
  std::unique_ptr<SqliteConnection> stop();

  /// Wakes the thread when there is enough to copy, and when the disk is full: a log that is copied
  /// to its end can be started over, and needs no further space.
  void after_batch(const Result<void>& outcome, int wal_pages);

  void add_to(WriteStats& stats) const;

 private:
  void run();
  bool wait_for_pages();
  void pause(std::chrono::milliseconds time);
  std::chrono::milliseconds checkpoint();
  void start_log_over(int wal_pages);
  void note_failure(const Error& error);
  void note_success();
  int waiting_pages() const;
  bool has_work() const { return is_urgent_ || waiting_pages() >= step_pages_; }

  const int limit_pages_;
  const int step_pages_;
  std::unique_ptr<SqliteConnection> connection_;
  WriteLane& lane_;
  int restart_at_pages_;  // Of the thread, as is the next.
  bool is_failing_ = false;

  std::atomic<int> wal_pages_{0};
  std::atomic<int> copied_pages_{0};
  std::atomic<bool> is_asleep_{false}, is_urgent_{false};
  std::atomic<std::uint64_t> restarts_{0}, failures_{0};

  std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_;
  bool is_stopping_ = false;

  std::thread thread_;
};

}  // namespace florin::sql
