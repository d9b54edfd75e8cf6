#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace florin::jobs {

/// What a job is called, how often it runs, and what it does. `run` returns a short sentence about
/// what it did (empty: nothing to do).
struct Job {
  std::string name;  ///< "ledger.expire_holds"
  std::string help;  ///< One sentence for people.
  std::int64_t every_ms = 1'000;
  std::function<Result<std::string>()> run;
};

struct JobState {
  std::string name, help;
  std::int64_t every_ms = 0;
  std::int64_t runs = 0, failures = 0;
  Timestamp last_start, last_end;
  bool last_ok = true;
  std::string last_result;
};

/// Runs named jobs, one at a time, on one thread of its own. A job that fails is logged, counted
/// and run again at its next time. Safe for concurrent use.
class Scheduler {
 public:
  explicit Scheduler(const Clock& clock);
  ~Scheduler();       ///< As stop().
  void add(Job job);  ///< Before start().
  void start();
  void stop();  ///< Finishes the running job, then returns. Safe to call twice.
  /// Runs one job now on the caller's thread (tests, simulation, console).
  Result<std::string> run_now(const std::string& name);
  std::vector<JobState> states() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::jobs
