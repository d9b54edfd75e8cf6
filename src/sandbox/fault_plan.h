#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/fault.h"

namespace florin::sandbox {

/// Which call it is, as far as faults are concerned.
struct FaultTarget {
  std::string_view operation;  ///< "debit", "webhook", ...
  std::string_view player_id;
  std::string_view transaction_id;
};

/// Which calls get a fault: the next `times` that match, or, with a `rate`, those that the dice
/// say. The dice of the n-th attempt at a transaction depend on the seed, its id and n alone, not
/// on the order in which threads deliver: a run can be repeated.
struct FaultRule {
  std::string operation = {};  ///< Empty: any; the same for player and transaction.
  std::string player_id = {}, transaction_id = {};
  std::vector<FaultKind> kinds = {};          ///< Not empty; the dice choose among several.
  Fault fault = {};                           ///< Its kind comes from `kinds`.
  int times = 1;                              ///< Left; without meaning when there is a rate.
  std::optional<double> rate = std::nullopt;  ///< 0 to 1.
  std::int64_t seed = 1;
};

/// Says of each call which fault it gets, and counts. Safe for concurrent use.
class FaultPlan {
 public:
  struct State {
    std::vector<FaultRule> rules;                  ///< What is left of them.
    std::map<std::string, std::int64_t> calls;     ///< By operation.
    std::map<std::string, std::int64_t> injected;  ///< By kind.
  };

  /// The fault of a call that has arrived: of the first rule that matches and hits.
  Fault next(const FaultTarget& target);
  /// Counts a call that was refused before it could be matched ("bad_signature").
  void count(std::string_view what);

  void add(FaultRule rule);
  void clear();  ///< Removes the rules; the counts stay.
  void reset();
  State state() const;

 private:
  Fault roll(const FaultRule& rule, const FaultTarget& target, std::uint64_t attempt) const;
  std::uint64_t attempt_at(const FaultTarget& target);

  mutable std::mutex mutex_;
  State state_;
  std::unordered_map<std::string, std::uint64_t> attempts_;  ///< While there are rules.
};

}  // namespace florin::sandbox
