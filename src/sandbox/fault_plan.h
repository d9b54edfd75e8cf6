#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/fault.h"

namespace florin::sandbox {

/// One line of a script: the next `times` calls that match get the fault.
struct FaultRule {
  std::string match = "*";     ///< An operation ("debit", "webhook", ...), or "*" for any.
  std::string transaction_id;  ///< Empty: any.
  int times = 1;
  Fault fault;
};

/// Faults by chance. Whether the n-th attempt at a transaction is hit depends on the seed, its id
/// and n alone, not on the order in which threads deliver: a run can be repeated.
struct FaultChance {
  std::int64_t seed = 0;
  double rate = 0;               ///< 0 to 1.
  std::vector<FaultKind> kinds;  ///< Empty: all.
  int hold_ms = longest_hold_ms;
};

/// A fault that a call has got.
struct InjectedFault {
  FaultKind kind;
  std::string operation, transaction_id;
};

/// Says of each call which fault it gets, and remembers. Safe for concurrent use.
class FaultPlan {
 public:
  struct State {
    std::map<std::string, std::int64_t> calls;  ///< By operation.
    std::deque<InjectedFault> injected;         ///< The last 10,000.
    std::int64_t injected_count = 0;
    std::vector<FaultRule> script;  ///< What is left of it.
    FaultChance chance;
  };

  /// `at_rest` is what holds until set_chance(), and again after reset().
  explicit FaultPlan(FaultChance at_rest);

  /// The fault of a call that has arrived: the first rule of the script that matches, else chance.
  Fault next(std::string_view operation, std::string_view transaction_id);
  /// Counts a call that was refused before it could be matched ("bad_signature").
  void count(std::string_view what);

  void set_script(std::vector<FaultRule> script);  ///< Replaces what is left of the last one.
  void set_chance(FaultChance chance);
  void reset();
  State state() const;

 private:
  std::optional<Fault> by_script(std::string_view operation, std::string_view transaction_id);
  Fault by_chance(std::string_view operation, std::string_view transaction_id);

  const FaultChance at_rest_;
  mutable std::mutex mutex_;
  State state_;
  std::unordered_map<std::string, std::uint64_t> attempts_;  ///< While chance is on.
};

}  // namespace florin::sandbox
