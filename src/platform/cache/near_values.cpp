#include "platform/cache/near_values.h"

#include <utility>

namespace florin::cache {

std::optional<NearValues::Known> NearValues::find(std::string_view name, Timestamp now) {
  const std::lock_guard lock(mutex_);
  forget_ended(now);
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end()) return std::nullopt;
  return found->second.known;
}

void NearValues::note(std::string_view name, Known known) {
  const std::lock_guard lock(mutex_);
  forget_ended(known.seen_at);
  const std::string key(name);
  const auto [at, is_new] = entries_.try_emplace(key);
  const bool is_erased = !is_new && !at->second.known.value;
  if (is_erased && known.value) return;
  if (!is_new) by_end_.erase(at->second.place);
  at->second.place = by_end_.emplace(known.ends_at, key);
  at->second.known = std::move(known);
  while (entries_.size() > most_) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

void NearValues::extend(std::string_view name, Timestamp ends_at) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end() || !found->second.known.value) return;
  by_end_.erase(found->second.place);
  found->second.place = by_end_.emplace(ends_at, found->first);
  found->second.known.ends_at = ends_at;
}

std::vector<NearValues::Named> NearValues::all(Timestamp now) {
  const std::lock_guard lock(mutex_);
  forget_ended(now);
  std::vector<Named> list;
  list.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) list.push_back({name, entry.known});
  return list;
}

void NearValues::forget_ended(Timestamp now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

}  // namespace florin::cache
