#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// Failed and rolled back: no money moved in the end.
constexpr bool has_no_effect(EntryStatus status) {
  return status == EntryStatus::failed || status == EntryStatus::rolled_back;
}

/// What one side says under one key, given in order of time. Most keys stand once. Where one stands
/// again, a try that failed or was still pending gives way to the success under the same key, and a
/// rolled back entry takes the success before it back; every further success that stands is a
/// duplicate. Holds a bounded number of entries, however often the key stands.
class KeyGroup {
 public:
  /// Entries outside of the period take part, but are no duplicates: they are of another period.
  KeyGroup(Entry first, const Period& period);

  void add(Entry next);

  const std::string& key() const { return chosen().key; }
  /// What the side says in the end: its first success, or its last word when none stands.
  const Entry& chosen() const { return standing_.empty() ? *last_try_ : standing_.front(); }
  /// A success of the period beside the chosen one; null when there is none.
  const Entry* duplicate_beside(const Entry& chosen) const;
  /// Entries of the period that gave way, the chosen one apart.
  std::int64_t without_effect() const;

  friend std::pair<Entry, Entry> choose_pair(const KeyGroup& ours, const KeyGroup& theirs);

 private:
  void take_back();

  Period period_;
  std::vector<Entry> standing_;    // Successes, oldest first; those beyond the bound are counted.
  std::int64_t beyond_ = 0;        // Successes that stand and were too many to keep.
  std::optional<Entry> last_try_;  // The last that is no success; there is one when none stands.
  std::int64_t without_effect_ = 0;
};

/// Whom to compare: of two sides that both repeat a key, the first entries that are equal, so that
/// what is named as a duplicate is the odd one.
std::pair<Entry, Entry> choose_pair(const KeyGroup& ours, const KeyGroup& theirs);

}  // namespace florin::reconciliation
