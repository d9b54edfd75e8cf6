#include "cluster/lease_manager.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "cluster/errors.h"
#include "platform/log/log.h"
#include "platform/sql/database.h"

namespace florin::cluster {
namespace {

/// Three heartbeats may fail or be late before a lease is lost.
constexpr std::int64_t heartbeats_per_ttl = 4;
/// A released lease is taken within this time.
constexpr std::int64_t poll_interval_us = 500'000;

}  // namespace

LeaseManager::LeaseManager(Parts parts)
    : parts_(std::move(parts)), worker_("cluster", [this] { return tick(); }) {}

LeaseManager::~LeaseManager() { stop(); }

void LeaseManager::add(jobs::LeasedTask task) { tasks_.push_back(std::move(task)); }

Result<void> LeaseManager::start() {
  TRY(parts_.nodes.join());
  {
    const std::lock_guard lock(mutex_);
    has_joined_ = true;
  }
  tick();  // The only node has its tasks when the server says that it is ready.
  worker_.start();
  return {};
}

std::int64_t LeaseManager::tick() {
  const std::lock_guard one_at_a_time(ticks_);
  const Timestamp now = parts_.steady.now();
  if (now >= next_heartbeat_) {
    if (const auto done = heartbeat(); done) {
      next_heartbeat_ = now.plus_us(parts_.ttl_us / heartbeats_per_ttl);
    } else if (done.error().code == errors::node_evicted) {
      log::error("this process ends", {{"reason", done.error().detail}});
      is_leaving_ = true;
      parts_.on_evicted();
    } else {
      log::warn("the heartbeat of this node cannot be written",
                {{"code", done.error().code.name}, {"detail", done.error().detail}});
    }
  }
  if (!is_leaving_) {
    if (const auto taken = take_free(); !taken)
      log::warn("leases cannot be taken", {{"code", taken.error().code.name}});
  }
  begin_and_end_tasks();
  return std::min(poll_interval_us, parts_.ttl_us / heartbeats_per_ttl);
}

Result<void> LeaseManager::heartbeat() {
  std::map<std::string, Held> renewed;
  {
    const std::lock_guard lock(mutex_);
    renewed = held_;
  }
  std::map<std::string, std::string> last_runs;
  for (const auto& [name, held] : renewed) last_runs[name] = parts_.last_run_of(name);
  // Counted from before the write; other nodes count from when they see it, which is later.
  const Timestamp valid_until = parts_.steady.now().plus_us(parts_.ttl_us);
  std::vector<std::string> lost;
  TRY(parts_.database.write([&](sql::Tx& tx) -> Result<void> {
    lost.clear();
    TRY(parts_.nodes.heartbeat(tx));
    for (const auto& [name, held] : renewed) {
      if (!TRY(parts_.leases.renew(tx, held.lease, last_runs[name]))) lost.push_back(name);
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

Result<void> LeaseManager::take_free() {
  std::vector<std::string> wanted;
  for (const jobs::LeasedTask& task : tasks_) {
    if (!holds(task.name)) wanted.push_back(task.name);
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

void LeaseManager::begin_and_end_tasks() {
  for (const jobs::LeasedTask& task : tasks_) {
    const bool is_ours = holds(task.name) && !is_leaving_;
    if (is_ours && !begun_.contains(task.name)) {
      const auto begun = task.begin();
      if (begun)
        begun_.insert(task.name);
      else
        log::warn("a task cannot begin", {{"task", task.name}, {"code", begun.error().code.name}});
    }
    if (!is_ours && begun_.erase(task.name) > 0) task.end();
  }
}

std::optional<Lease> LeaseManager::held(const std::string& task) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(task);
  if (found == held_.end() || parts_.steady.now() >= found->second.valid_until) return std::nullopt;
  return found->second.lease;
}

bool LeaseManager::holds(const std::string& task) const { return held(task).has_value(); }

Result<void> LeaseManager::check(sql::Tx& tx, const std::string& task) const {
  const auto lease = held(task);
  if (!lease) return Error{errors::lease_lost, "this node does not hold the lease " + task};
  return parts_.leases.check(tx, *lease);
}

void LeaseManager::release_all() {
  const std::lock_guard one_at_a_time(ticks_);
  is_leaving_ = true;
  begin_and_end_tasks();
  std::vector<Lease> released;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, held] : std::exchange(held_, {})) released.push_back(held.lease);
  }
  if (const auto done = parts_.leases.release(released); !done) {
    log::warn("leases could not be released; other nodes wait until they expire",
              {{"leases", std::ssize(released)}, {"code", done.error().code.name}});
  }
}

void LeaseManager::stop() {
  worker_.stop();
  release_all();
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(has_joined_, false)) return;
  }
  if (const auto left = parts_.nodes.leave(); !left)
    log::warn("this node could not be unregistered", {{"code", left.error().code.name}});
}

}  // namespace florin::cluster
