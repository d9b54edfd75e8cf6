#include "platform/jobs/scheduler.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "platform/log/log.h"

namespace florin::jobs {
namespace {

using Steady = std::chrono::steady_clock;

struct Entry {
  Job job;
  JobState state;
  Steady::time_point due;
};

Result<std::string> run_guarded(const Job& job) {
  try {
    return job.run();
  } catch (const std::exception& fault) {
    return Error{errors::internal_error, fault.what()};
  }
}

}  // namespace

struct Scheduler::Impl {
  Impl(const Clock& c, IsOurTurn turn) : clock(c), is_our_turn(std::move(turn)) {}

  const Clock& clock;
  const IsOurTurn is_our_turn;
  mutable std::mutex mutex;
  std::mutex running;  // Held while a job runs: one at a time, whoever starts it.
  std::condition_variable wake;
  std::vector<std::unique_ptr<Entry>> entries;  // Fixed once started.
  bool stopping = false;
  std::thread thread;

  /// When it begins to fail, fails otherwise, and works again: not at each run in between.
  static void tell(const std::string& job, const JobState& before,
                   const Result<std::string>& result) {
    const bool has_failed = !before.last_ok;
    if (result) {
      if (has_failed) log::info("job works again", {{"job", job}});
    } else if (!has_failed || before.last_result != result.error().detail) {
      log::warn(
          "job failed",
          {{"job", job}, {"code", result.error().code.name}, {"detail", result.error().detail}});
    }
  }

  Result<std::string> run(Entry& entry) {
    const std::lock_guard one_at_a_time(running);
    const Timestamp start = clock.now();
    Result<std::string> result = run_guarded(entry.job);
    const std::lock_guard lock(mutex);
    JobState& state = entry.state;
    tell(entry.job.name, state, result);
    ++state.runs;
    if (!result) ++state.failures;
    state.last_start = start;
    state.last_end = clock.now();
    state.last_ok = result.has_value();
    state.last_result = result ? *result : result.error().detail;
    return result;
  }

  void loop() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto next =
          std::min_element(entries.begin(), entries.end(),
                           [](const auto& a, const auto& b) { return a->due < b->due; });
      if (next == entries.end()) {
        wake.wait(lock, [&] { return stopping; });
        return;
      }
      if (wake.wait_until(lock, (*next)->due, [&] { return stopping; })) return;
      Entry& entry = **next;
      lock.unlock();
      if (!entry.job.alone || is_our_turn(entry.job.name)) {
        const auto ignored = run(entry);  // Logged and counted by run().
        static_cast<void>(ignored);
      }
      lock.lock();
      entry.due = Steady::now() + std::chrono::milliseconds(entry.job.every_ms);
    }
  }
};

Scheduler::Scheduler(const Clock& clock, IsOurTurn is_our_turn)
    : impl_(std::make_unique<Impl>(clock, std::move(is_our_turn))) {}
Scheduler::~Scheduler() { stop(); }

void Scheduler::add(Job job) {
  auto entry = std::make_unique<Entry>();
  entry->state.name = job.name;
  entry->state.help = job.help;
  entry->state.every_ms = job.every_ms;
  entry->state.alone = job.alone;
  entry->due = Steady::now() + std::chrono::milliseconds(job.every_ms);
  entry->job = std::move(job);
  const std::lock_guard lock(impl_->mutex);
  impl_->entries.push_back(std::move(entry));
}

void Scheduler::start() {
  impl_->thread = std::thread([this] { impl_->loop(); });
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::string> Scheduler::run_now(const std::string& name) {
  for (const auto& entry : impl_->entries) {
    if (entry->job.name == name) return impl_->run(*entry);
  }
  return Error{errors::internal_error, "there is no job called " + name};
}

std::vector<JobState> Scheduler::states() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<JobState> states;
  for (const auto& entry : impl_->entries) states.push_back(entry->state);
  return states;
}

}  // namespace florin::jobs
