#include "platform/sql/write_lane.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/try.h"
#include "platform/log/log.h"
#include "platform/sql/errors.h"
#include "platform/sql/guarded.h"
#include "platform/sql/sealer.h"

namespace florin::sql {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A batch that other writers undid is run again so many times. The pauses between add up to
/// several seconds: long enough for a database server to be started again.
constexpr int max_attempts = 12;

std::uint64_t us_since(SteadyClock::time_point start) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - start).count());
}

Error closing() { return Error{errors::store_unavailable, "the database is closing"}; }

void answer(const Database::Done& done, const Result<void>& outcome) {
  try {
    done(outcome);
  } catch (const std::exception& fault) {
    log::error("the answer to a unit of work threw", {{"what", fault.what()}});
  } catch (...) {
    log::error("the answer to a unit of work threw", {{"what", "not a std::exception"}});
  }
}

}  // namespace

WriteLane::WriteLane(std::unique_ptr<WriterConnection> connection, std::size_t max_batch)
    : max_batch_(std::max<std::size_t>(max_batch, 1)), connection_(std::move(connection)) {}

WriteLane::~WriteLane() { stop(); }

void WriteLane::start(AfterBatch after_batch) {
  after_batch_ = std::move(after_batch);
  thread_ = std::thread([this] { run(); });
}

void WriteLane::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    wake_.notify_one();
    task_done_.notify_all();
    stopping_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void WriteLane::submit(Database::Work work, Database::Done done, Undo undo) {
  std::unique_lock lock(mutex_);
  if (is_stopping_) {
    lock.unlock();
    answer(done, closing());
    return;
  }
  waiting_.push_back({std::move(work), std::move(done), undo, {}});
  // A busy lane looks again by itself: only a sleeping one is worth a system call, and one will do.
  const bool must_wake = std::exchange(is_asleep_, false);
  lock.unlock();
  if (must_wake) wake_.notify_one();
}

bool WriteLane::run_between_batches(const std::function<void()>& task) {
  std::unique_lock lock(mutex_);
  if (is_stopping_) return false;
  task_ = &task;
  did_task_run_ = false;
  wake_.notify_one();
  task_done_.wait(lock, [&] { return task_ == nullptr; });
  return did_task_run_;
}

WriteStats WriteLane::stats() const {
  WriteStats stats;
  stats.commits = counters_.commits;
  stats.units = counters_.units;
  stats.failed_units = counters_.failed_units;
  stats.commit_us = counters_.commit_us;
  stats.busy_us = counters_.busy_us;
  stats.last_batch = counters_.last_batch;
  stats.last_commit_us = counters_.last_commit_us;
  stats.failed_batches = counters_.failed_batches;
  const std::lock_guard lock(mutex_);
  stats.queue_length = waiting_.size();
  stats.write_fault = write_fault_;
  return stats;
}

void WriteLane::run() {
  while (true) {
    const std::span<Unit> batch = next_batch();
    if (batch.empty()) break;
    run_batch(batch);
    position_ += batch.size();
  }
  refuse_waiting();
}

/// Waits until there is work; empty when the lane is to stop.
std::span<WriteLane::Unit> WriteLane::next_batch() {
  if (position_ == taken_.size()) {
    taken_.clear();
    position_ = 0;
  }
  std::unique_lock lock(mutex_);
  while (true) {
    if (task_) run_task(lock);
    if (is_stopping_) return {};
    if (taken_.empty()) taken_.swap(waiting_);
    if (!taken_.empty()) break;
    is_asleep_ = true;
    wake_.wait(lock);
    is_asleep_ = false;
  }
  const std::span<Unit> left = std::span(taken_).subspan(position_);
  return left.first(std::min(left.size(), max_batch_));
}

void WriteLane::run_task(std::unique_lock<std::mutex>& lock) {
  if (!is_stopping_) {
    lock.unlock();
    (*task_)();
    lock.lock();
    did_task_run_ = true;
  }
  task_ = nullptr;
  task_done_.notify_one();
}

void WriteLane::refuse_waiting() {
  std::vector<Unit> late;
  {
    const std::lock_guard lock(mutex_);
    late.swap(waiting_);
  }
  for (const Unit& unit : std::span(taken_).subspan(position_)) answer(unit.done, closing());
  for (const Unit& unit : late) answer(unit.done, closing());
  taken_.clear();
}

void WriteLane::run_batch(std::span<Unit> batch) {
  const auto start = SteadyClock::now();
  const Result<void> whole = run_transaction(batch);
  // A damaged page ends the transaction for all: one by one, those that do not need it go on.
  if (!whole && whole.error().code == errors::store_corrupt && batch.size() > 1) {
    for (Unit& unit : batch) run_batch({&unit, 1});
    return;
  }
  std::uint64_t failed = 0;
  for (Unit& unit : batch) {
    // A unit that had failed by itself keeps its own reason.
    if (!whole && unit.outcome) unit.outcome = whole.error();
    if (!unit.outcome) ++failed;
  }
  // Counted before anybody is answered: whoever has an answer finds it in the statistics.
  counters_.units += batch.size();
  counters_.failed_units += failed;
  counters_.last_batch = batch.size();
  note_outcome(whole);
  for (const Unit& unit : batch) answer(unit.done, unit.outcome);
  counters_.busy_us += us_since(start);
  after_batch_(whole, connection_->wal_pages());
}

/// A disk may be full for hours: one line says that it began, and one that it is over.
void WriteLane::note_outcome(const Result<void>& whole) {
  if (!whole) ++counters_.failed_batches;
  if (whole && !is_failing_) return;
  {
    const std::lock_guard lock(mutex_);
    write_fault_ = whole ? std::string() : whole.error().detail;
  }
  if (std::exchange(is_failing_, !whole) == !whole) return;
  if (whole) {
    log::info("the database takes writes again");
  } else {
    log::error("the database does not take writes",
               {{"code", whole.error().code.name}, {"reason", whole.error().detail}});
  }
}

/// An error undid the whole batch, as often as it was run.
Result<void> WriteLane::run_transaction(std::span<Unit> batch) {
  for (int attempt = 1;; ++attempt) {
    auto outcome = try_transaction(batch);
    if (outcome || !connection_->is_passing(outcome.error())) return outcome;
    if (attempt == max_attempts || is_stopping()) return outcome;
    pause(attempt);
  }
}

Result<void> WriteLane::try_transaction(std::span<Unit> batch) {
  TRY(connection_->begin());
  for (Unit& unit : batch) {
    if (auto outcome = run_unit(unit); !outcome) {
      connection_->roll_back();
      return outcome;
    }
  }
  if (auto outcome = commit(); !outcome) {
    connection_->roll_back();
    return outcome;
  }
  return {};
}

/// Keeps what the unit itself says in the unit; an error means that the transaction cannot go on.
Result<void> WriteLane::run_unit(Unit& unit) {
  const bool has_savepoint = unit.undo == Undo::savepoint;
  if (has_savepoint) TRY(connection_->set_savepoint());
  const std::unique_ptr<WriterTx> tx = connection_->unit();
  if (const Sealer* sealer = sealer_) {
    SealingTx sealing(*tx, *sealer);
    unit.outcome = run_guarded(unit.work, sealing);
    if (unit.outcome) unit.outcome = sealing.finish();
  } else {
    unit.outcome = run_guarded(unit.work, *tx);
  }
  // What undoes only this unit must be known before the next one.
  if (has_savepoint) {
    if (auto late = tx->sync(); !late && unit.outcome) unit.outcome = std::move(late);
  }

  if (auto fault = tx->fault()) return *std::move(fault);
  // A unit may go on after a statement that failed; what it wrote does not.
  if (auto spoiled = tx->spoiled()) {
    if (connection_->is_passing(*spoiled)) return *std::move(spoiled);
    if (unit.outcome) unit.outcome = *std::move(spoiled);
  }
  if (!has_savepoint) return unit.outcome;
  if (!unit.outcome) TRY(connection_->undo_to_savepoint());
  return connection_->release_savepoint();
}

Result<void> WriteLane::commit() {
  const auto start = SteadyClock::now();
  TRY(connection_->commit());
  counters_.last_commit_us = us_since(start);
  counters_.commit_us += counters_.last_commit_us;
  ++counters_.commits;
  return {};
}

bool WriteLane::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

/// Longer from time to time, and not in step with the other writer.
void WriteLane::pause(int attempt) {
  const auto longest = std::min<std::uint64_t>(1'000, 2ULL << attempt);
  const auto spread = static_cast<std::uint64_t>(SteadyClock::now().time_since_epoch().count());
  const std::chrono::milliseconds length(longest / 2 + spread % (longest / 2 + 1));
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, length, [&] { return is_stopping_; });
}

}  // namespace florin::sql
