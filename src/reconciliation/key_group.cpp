#include "reconciliation/key_group.h"

#include <algorithm>

namespace florin::reconciliation {
namespace {

constexpr std::size_t max_kept = 64;

bool is_same_movement(const Entry& a, const Entry& b) {
  return a.amount == b.amount && a.kind == b.kind &&
         (a.player == b.player || a.player.empty() || b.player.empty());
}

}  // namespace

KeyGroup::KeyGroup(Entry first, const Period& period) : period_(period) { add(std::move(first)); }

void KeyGroup::add(Entry next) {
  if (next.status == EntryStatus::success) {
    if (standing_.size() < max_kept) {
      standing_.push_back(std::move(next));
    } else {
      ++beyond_;
    }
    return;
  }
  if (period_.contains(next.at)) ++without_effect_;
  if (next.status == EntryStatus::rolled_back) take_back();
  last_try_ = std::move(next);
}

/// The latest success that stands does so no more.
void KeyGroup::take_back() {
  if (beyond_ > 0) {
    --beyond_;
  } else if (!standing_.empty()) {
    if (period_.contains(standing_.back().at)) ++without_effect_;
    standing_.pop_back();
  }
}

const Entry* KeyGroup::duplicate_beside(const Entry& chosen) const {
  bool was_chosen_met = false;
  for (const Entry& entry : standing_) {
    if (entry == chosen && !std::exchange(was_chosen_met, true)) continue;
    if (period_.contains(entry.at)) return &entry;
  }
  return nullptr;
}

std::int64_t KeyGroup::without_effect() const {
  // Where no success stands, the last word is judged by itself.
  const bool is_last_judged = standing_.empty() && period_.contains(last_try_->at);
  return without_effect_ - (is_last_judged ? 1 : 0);
}

std::pair<Entry, Entry> choose_pair(const KeyGroup& ours, const KeyGroup& theirs) {
  for (const Entry& entry : ours.standing_) {
    const auto partner =
        std::find_if(theirs.standing_.begin(), theirs.standing_.end(),
                     [&](const Entry& other) { return is_same_movement(entry, other); });
    if (partner != theirs.standing_.end()) return {entry, *partner};
  }
  return {ours.chosen(), theirs.chosen()};
}

}  // namespace florin::reconciliation
