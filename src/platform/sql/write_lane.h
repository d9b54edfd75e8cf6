#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "platform/sql/database.h"
#include "platform/sql/writer_connection.h"

namespace florin::sql {

/// The one thread that writes. It takes everything that waits, runs it inside one transaction,
/// commits once and then answers everybody; a batch is what arrived while the last one was written.
class WriteLane {
 public:
  WriteLane(std::unique_ptr<WriterConnection> connection, std::size_t max_batch);
  /// Stops.
  ~WriteLane();

  /// How a batch ended, and the pages in the log since the latest commit.
  using AfterBatch = std::function<void(const Result<void>& outcome, int wal_pages)>;
  /// Starts the thread, which calls `after_batch` when everybody has been answered.
  void start(AfterBatch after_batch);
  /// Lets the running batch finish; what waits gets store_unavailable, and so does what comes
  /// later.
  void stop();

  /// Before the first unit of work; null: nothing is sealed.
  void seal_with(const Sealer* sealer) { sealer_ = sealer; }

  void submit(Database::Work work, Database::Done done, Undo undo);

  /// Runs the task on the lane's thread while no transaction is open, and waits for it. False: the
  /// lane has stopped and the task did not run. For one caller at a time.
  bool run_between_batches(const std::function<void()>& task);

  /// The lane's part of the statistics.
  WriteStats stats() const;

 private:
  struct Unit {
    Database::Work work;
    Database::Done done;
    Undo undo = Undo::savepoint;
    Result<void> outcome;
  };
  struct Counters {
    std::atomic<std::uint64_t> commits{0}, units{0}, failed_units{0}, commit_us{0}, busy_us{0},
        last_batch{0}, last_commit_us{0}, wal_pages{0}, failed_batches{0};
  };

  void run();
  std::span<Unit> next_batch();
  void run_task(std::unique_lock<std::mutex>& lock);
  void refuse_waiting();
  void run_batch(std::span<Unit> batch);
  Result<void> run_transaction(std::span<Unit> batch);
  Result<void> try_transaction(std::span<Unit> batch);
  Result<void> run_unit(Unit& unit);
  Result<void> commit();
  void note_outcome(const Result<void>& whole);
  bool is_stopping() const;
  void pause(int attempt);

  const std::size_t max_batch_;
  std::unique_ptr<WriterConnection> connection_;
  AfterBatch after_batch_;
  std::atomic<const Sealer*> sealer_{nullptr};
  Counters counters_;

  std::vector<Unit> taken_;   // Of the lane's thread: what it took off the queue,
  std::size_t position_ = 0;  // and how far it has come,
  bool is_failing_ = false;   // and whether the database took the latest batch.

  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable wake_, task_done_, stopping_;
  std::vector<Unit> waiting_;
  const std::function<void()>* task_ = nullptr;
  bool did_task_run_ = false;
  bool is_asleep_ = false;
  bool is_stopping_ = false;
  std::string write_fault_;  // Of the latest batch.

  std::thread thread_;
};

}  // namespace florin::sql
