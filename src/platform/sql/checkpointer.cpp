#include "platform/sql/checkpointer.h"

#include <algorithm>
#include <utility>

#include "platform/log/log.h"
#include "platform/sql/errors.h"

namespace florin::sql {
namespace {

constexpr std::uint64_t page_bytes = 4'096 + 24;  // A page of the log with its header.
/// So little is left to copy that the lane may stand still for it.
constexpr int short_rest_pages = 512;
constexpr int passes_before_restart = 4;
constexpr std::chrono::milliseconds no_pause{0};
constexpr std::chrono::milliseconds pause_when_blocked{20};
constexpr std::chrono::milliseconds pause_after_failure{200};

int pages_in(int mib) {
  return static_cast<int>(std::uint64_t(std::max(mib, 1)) * 1'024 * 1'024 / page_bytes);
}

}  // namespace

Checkpointer::Checkpointer(std::unique_ptr<SqliteConnection> connection, WriteLane& lane,
                           int wal_limit_mib)
    : limit_pages_(pages_in(wal_limit_mib)),
      step_pages_(limit_pages_ / 4),
      connection_(std::move(connection)),
      lane_(lane),
      restart_at_pages_(limit_pages_),
      thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() { stop(); }

std::unique_ptr<SqliteConnection> Checkpointer::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  return std::move(connection_);
}

/// A log shorter than what was copied has been started over since: all of it waits.
int Checkpointer::waiting_pages() const {
  const int pages = wal_pages_;
  const int copied = copied_pages_;
  return pages < copied ? pages : pages - copied;
}

void Checkpointer::after_batch(const Result<void>& outcome, int wal_pages) {
  wal_pages_ = wal_pages;
  if (!outcome && outcome.error().code == errors::store_full) is_urgent_ = true;
  if (!has_work() || !is_asleep_) return;
  const std::lock_guard lock(mutex_);
  wake_.notify_one();
}

void Checkpointer::add_to(WriteStats& stats) const {
  stats.wal_bytes = std::uint64_t(wal_pages_.load()) * page_bytes;
  stats.wal_restarts = restarts_;
  stats.failed_checkpoints = failures_;
}

void Checkpointer::run() {
  while (wait_for_pages()) {
    pause(checkpoint());
  }
}

bool Checkpointer::wait_for_pages() {
  std::unique_lock lock(mutex_);
  is_asleep_ = true;
  wake_.wait(lock, [&] { return is_stopping_ || has_work(); });
  is_asleep_ = false;
  is_urgent_ = false;
  return !is_stopping_;
}

void Checkpointer::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [&] { return is_stopping_; });
}

/// Gives the time to wait before the next one. A log that cannot be copied stays as it is: nothing
/// is lost, it only grows.
std::chrono::milliseconds Checkpointer::checkpoint() {
  for (int pass = 0; pass < passes_before_restart; ++pass) {
    const auto progress = connection_->checkpoint(SqliteConnection::Checkpoint::passive);
    if (!progress) {
      note_failure(progress.error());
      return pause_after_failure;
    }
    // Otherwise the lane would wait for the disk to take it all when the log starts over.
    if (const auto synced = connection_->sync_file(); !synced) {
      note_failure(synced.error());
      return pause_after_failure;
    }
    note_success();
    if (progress->is_blocked) return pause_when_blocked;
    copied_pages_ = progress->copied_pages;
    const bool is_reader_in_the_way = progress->copied_pages < progress->wal_pages;
    if (is_reader_in_the_way) return pause_when_blocked;
    if (progress->wal_pages < limit_pages_) restart_at_pages_ = limit_pages_;
    if (progress->wal_pages < restart_at_pages_) return no_pause;
    if (waiting_pages() <= short_rest_pages) break;
  }
  start_log_over(wal_pages_);
  return no_pause;
}

/// A disk may stay full for hours: one line says so, and one that it is over.
void Checkpointer::note_failure(const Error& error) {
  ++failures_;
  if (std::exchange(is_failing_, true)) return;
  log::warn("cannot copy the write-ahead log into the database", {{"reason", error.detail}});
}

void Checkpointer::note_success() {
  if (std::exchange(is_failing_, false)) log::info("the write-ahead log is copied again");
}

void Checkpointer::start_log_over(int wal_pages) {
  bool done = false;
  lane_.run_between_batches([&] {
    const auto progress = connection_->checkpoint(SqliteConnection::Checkpoint::restart);
    done = progress && !progress->is_blocked;
    if (done) copied_pages_ = progress->copied_pages;
  });
  // A reader that stays in the way is not asked for again until the log has grown some more.
  restart_at_pages_ = done ? limit_pages_ : wal_pages + limit_pages_ / 2;
  if (done) ++restarts_;
}

}  // namespace florin::sql
