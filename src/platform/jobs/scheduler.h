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
  bool alone = false;  ///< Of many nodes on one database, one alone runs it at a time.
};

struct JobState {
  std::string name, help;
  std::int64_t every_ms = 0;
  std::int64_t runs = 0, failures = 0;
  Timestamp last_start, last_end;
  bool last_ok = true;
  std::string last_result;
  bool alone = false;
};

/// Whether it is this node's turn to run a job that one node alone runs.
using IsOurTurn = std::function<bool(const std::string& job)>;

/// Runs named jobs, one at a time, on one thread of its own; those of one node alone while it is
/// our turn. A job that fails is logged, counted
/// and run again at its next time. Safe for concurrent use.
class Scheduler {
 public:
  explicit Scheduler(
      const Clock& clock, IsOurTurn is_our_turn = [](const std::string&) { return true; });
  ~Scheduler();       ///< As stop().
  void add(Job job);  ///< Before start().
  void start();
  void stop();  ///< Finishes the running job, then returns. Safe to call twice.
  /// Runs one job now, whoever's turn it is, on the caller's thread (tests, simulation, console).
  Result<std::string> run_now(const std::string& name);
  std::vector<JobState> states() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace florin::jobs
