#include "sandbox/fault_plan.h"

#include <algorithm>
#include <utility>

#include "sandbox/dice.h"

namespace florin::sandbox {
namespace {

bool fits(std::string_view wanted, std::string_view actual) {
  return wanted.empty() || wanted == actual;
}

bool matches(const FaultRule& rule, const FaultTarget& target) {
  return fits(rule.operation, target.operation) && fits(rule.player_id, target.player_id) &&
         fits(rule.transaction_id, target.transaction_id) &&
         std::any_of(rule.kinds.begin(), rule.kinds.end(),
                     [&](FaultKind kind) { return applies_to(kind, target.operation); });
}

std::string name_of(const FaultTarget& target) {
  return std::string(target.operation).append("/").append(target.transaction_id);
}

}  // namespace

Fault FaultPlan::next(const FaultTarget& target) {
  const std::lock_guard lock(mutex_);
  ++state_.calls[std::string(target.operation)];
  if (state_.rules.empty()) return {};
  const std::uint64_t attempt = attempt_at(target);
  for (auto rule = state_.rules.begin(); rule != state_.rules.end(); ++rule) {
    if (!matches(*rule, target)) continue;
    const Fault fault = roll(*rule, target, attempt);
    if (fault.kind == FaultKind::none && fault.latency_ms == 0 && rule->rate) continue;
    if (!rule->rate && --rule->times == 0) state_.rules.erase(rule);
    if (fault.kind != FaultKind::none) ++state_.injected[std::string(name_of(fault.kind))];
    return fault;
  }
  return {};
}

std::uint64_t FaultPlan::attempt_at(const FaultTarget& target) {
  return ++attempts_[name_of(target)];
}

Fault FaultPlan::roll(const FaultRule& rule, const FaultTarget& target,
                      std::uint64_t attempt) const {
  Dice dice(static_cast<std::uint64_t>(rule.seed), name_of(target), attempt);
  if (rule.rate && !dice.hits(*rule.rate)) return {};
  std::vector<FaultKind> kinds = rule.kinds;
  std::erase_if(kinds, [&](FaultKind kind) { return !applies_to(kind, target.operation); });
  Fault fault = rule.fault;
  fault.kind = kinds[dice.below(kinds.size())];
  return fault;
}

void FaultPlan::count(std::string_view what) {
  const std::lock_guard lock(mutex_);
  ++state_.calls[std::string(what)];
}

void FaultPlan::add(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  state_.rules.push_back(std::move(rule));
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  state_.rules.clear();
  attempts_.clear();
}

void FaultPlan::reset() {
  const std::lock_guard lock(mutex_);
  state_ = {};
  attempts_.clear();
}

FaultPlan::State FaultPlan::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace florin::sandbox
