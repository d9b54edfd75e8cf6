#include "platform/cache/local_values.h"

#include <utility>

namespace florin::cache {
namespace {

constexpr std::int64_t fresh_us = 1'000'000;

}  // namespace

std::optional<std::string> LocalValues::find_local(std::string_view name, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = entry_of(name, now);
  if (!entry) return std::nullopt;
  const std::int64_t age_us = now.us - entry->known.seen_at.us;
  // A clock that was set back makes nothing fresh.
  const bool is_fresh = age_us >= 0 && age_us < fresh_us;
  return is_fresh ? entry->known.value : std::nullopt;
}

std::optional<LocalValues::Known> LocalValues::find(std::string_view name, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const Entry* entry = entry_of(name, now);
  return entry ? std::optional(entry->known) : std::nullopt;
}

std::optional<std::string> LocalValues::find_and_touch(std::string_view name, Timestamp now) {
  const std::lock_guard lock(mutex_);
  Entry* entry = entry_of(name, now);
  if (!entry) return std::nullopt;
  entry->known.seen_at = now;
  return entry->known.value;
}

void LocalValues::put(std::string_view name, Known known) {
  const std::lock_guard lock(mutex_);
  remove_expired(known.seen_at);
  const std::string key(name);
  const auto [at, is_new] = entries_.try_emplace(key);
  const bool is_erased = !is_new && !at->second.known.value;
  if (is_erased && known.value) return;
  if (!is_new) by_end_.erase(at->second.place);
  at->second.place = by_end_.emplace(known.ends_at, key);
  at->second.known = std::move(known);
  while (entries_.size() > max_values_) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

void LocalValues::extend(std::string_view name, Timestamp ends_at) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(std::string(name));
  if (found == entries_.end() || !found->second.known.value) return;
  by_end_.erase(found->second.place);
  found->second.place = by_end_.emplace(ends_at, found->first);
  found->second.known.ends_at = ends_at;
}

std::vector<LocalValues::Named> LocalValues::all(Timestamp now) {
  const std::lock_guard lock(mutex_);
  remove_expired(now);
  std::vector<Named> list;
  list.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) list.push_back({name, entry.known});
  return list;
}

LocalValues::Entry* LocalValues::entry_of(std::string_view name, Timestamp now) {
  remove_expired(now);
  const auto found = entries_.find(std::string(name));
  return found == entries_.end() ? nullptr : &found->second;
}

void LocalValues::remove_expired(Timestamp now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    entries_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

}  // namespace florin::cache
