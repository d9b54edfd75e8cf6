#include "reconciliation/runner.h"

#include <chrono>
#include <utility>

#include "platform/log/log.h"
#include "reconciliation/errors.h"
#include "reconciliation/runs.h"

namespace florin::reconciliation {
namespace {

/// How long what another process asked for, or left behind, may lie there.
constexpr std::chrono::seconds poll_interval{5};

}  // namespace

void Runner::start() {
  thread_ = std::thread([this] { work(); });
}

void Runner::stop() {
  is_stopping_ = true;
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Runner::wake() {
  const std::lock_guard lock(mutex_);
  is_woken_ = true;
  changed_.notify_all();
}

bool Runner::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, poll_interval, [this] { return is_woken_ || is_stopping_; });
  is_woken_ = false;
  return !is_stopping_;
}

void Runner::work() {
  while (wait()) run_all();
}

void Runner::run_all() {
  if (!is_our_turn_()) return;
  const auto waiting = runs_.unfinished();
  if (!waiting) {
    log::warn("runs to reconcile cannot be read", {{"detail", waiting.error().detail}});
    return;
  }
  for (const RunId id : *waiting) {
    if (is_stopping_) return;
    const auto run =
        runs_.execute(id, [this](const Progress&) { return !is_stopping_ && is_our_turn_(); });
    if (run) {
      log::info("reconciled", {{"run", id.str()}, {"mismatches", run->mismatches}});
    } else if (run.error().code != errors::reconciliation_running) {
      log::warn(
          "a reconciliation did not come to its end",
          {{"run", id.str()}, {"code", run.error().code.name}, {"detail", run.error().detail}});
    }
  }
}

}  // namespace florin::reconciliation
