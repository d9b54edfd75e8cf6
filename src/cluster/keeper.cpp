#include "cluster/keeper.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "cluster/errors.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

/// Three beats may fail, or be late, before anything is lost.
constexpr std::int64_t beats_in_ttl = 4;
/// What was released is noticed within this time.
constexpr std::int64_t between_looks_us = 500'000;

}  // namespace

Keeper::Keeper(Parts parts)
    : parts_(std::move(parts)), worker_("cluster", [this] { return turn(); }) {}

Keeper::~Keeper() { stop(); }

void Keeper::add(jobs::Duty duty) { duties_.push_back(std::move(duty)); }

Result<void> Keeper::start() {
  TRY(parts_.nodes.join());
  {
    const std::lock_guard lock(mutex_);
    has_joined_ = true;
  }
  turn();  // The only node has its duties when the server says that it is ready.
  worker_.start();
  return {};
}

std::int64_t Keeper::turn() {
  const std::lock_guard one_at_a_time(turns_);
  const Timestamp now = parts_.steady.now();
  if (now >= next_beat_) {
    if (const auto done = beat(); done) {
      next_beat_ = now.plus_us(parts_.ttl_us / beats_in_ttl);
    } else if (done.error().code == errors::node_evicted) {
      log::error("this process ends", {{"reason", done.error().detail}});
      is_giving_up_ = true;
      parts_.on_evicted();
    } else {
      log::warn("this node cannot tell the others that it lives",
                {{"code", done.error().code.name}, {"detail", done.error().detail}});
    }
  }
  if (!is_giving_up_) {
    if (const auto taken = take_free(); !taken)
      log::warn("leases cannot be taken", {{"code", taken.error().code.name}});
  }
  begin_and_end();
  return std::min(between_looks_us, parts_.ttl_us / beats_in_ttl);
}

Result<void> Keeper::beat() {
  std::map<std::string, Held> renewed;
  {
    const std::lock_guard lock(mutex_);
    renewed = held_;
  }
  std::map<std::string, std::string> notes;
  for (const auto& [name, held] : renewed) notes[name] = parts_.note_of(name);
  // Counted from before the write: the others count from when they see it, which is later.
  const Timestamp valid_until = parts_.steady.now().plus_us(parts_.ttl_us);
  std::vector<std::string> lost;
  TRY(parts_.database.write([&](sql::Tx& tx) -> Result<void> {
    lost.clear();
    TRY(parts_.nodes.beat(tx));
    for (const auto& [name, held] : renewed) {
      if (!TRY(parts_.leases.renew(tx, held.lease, notes[name]))) lost.push_back(name);
    }
    return {};
  }));
  const std::lock_guard lock(mutex_);
  for (const auto& [name, held] : renewed) held_[name].valid_until = valid_until;
  for (const std::string& name : lost) {
    log::warn("another node has taken a lease of this one", {{"lease", name}});
    held_.erase(name);
  }
  return {};
}

Result<void> Keeper::take_free() {
  std::vector<std::string> wanted;
  for (const jobs::Duty& duty : duties_) {
    if (!holds(duty.name)) wanted.push_back(duty.name);
  }
  if (wanted.empty()) return {};
  const Timestamp valid_until = parts_.steady.now().plus_us(parts_.ttl_us);
  const auto taken = TRY(parts_.leases.acquire_free(wanted));
  const std::lock_guard lock(mutex_);
  for (const Lease& lease : taken) {
    held_[lease.name] = {lease, valid_until};
    log::debug("lease taken", {{"lease", lease.name}, {"fencing", lease.fencing}});
  }
  return {};
}

void Keeper::begin_and_end() {
  for (const jobs::Duty& duty : duties_) {
    const bool is_ours = holds(duty.name) && !is_giving_up_;
    if (is_ours && !begun_.contains(duty.name)) {
      const auto begun = duty.begin();
      if (begun)
        begun_.insert(duty.name);
      else
        log::warn("a duty cannot begin", {{"duty", duty.name}, {"code", begun.error().code.name}});
    }
    if (!is_ours && begun_.erase(duty.name) > 0) duty.end();
  }
}

std::optional<Lease> Keeper::held(const std::string& duty) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(duty);
  if (found == held_.end() || parts_.steady.now() >= found->second.valid_until) return std::nullopt;
  return found->second.lease;
}

bool Keeper::holds(const std::string& duty) const { return held(duty).has_value(); }

Result<void> Keeper::check(sql::Tx& tx, const std::string& duty) const {
  const auto lease = held(duty);
  if (!lease) return Error{errors::lease_lost, "this node does not do " + duty + " now"};
  return parts_.leases.check(tx, *lease);
}

void Keeper::give_up_duties() {
  const std::lock_guard one_at_a_time(turns_);
  is_giving_up_ = true;
  begin_and_end();
  std::vector<Lease> released;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, held] : std::exchange(held_, {})) released.push_back(held.lease);
  }
  if (const auto done = parts_.leases.release(released); !done) {
    log::warn("leases could not be given back, others wait for their time to pass",
              {{"leases", std::ssize(released)}, {"code", done.error().code.name}});
  }
}

void Keeper::stop() {
  worker_.stop();
  give_up_duties();
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(has_joined_, false)) return;
  }
  if (const auto left = parts_.nodes.leave(); !left)
    log::warn("this node could not say that it left", {{"code", left.error().code.name}});
}

}  // namespace florin::cluster
