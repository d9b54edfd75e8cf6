#include "sandbox/fault_plan.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace florin::sandbox {
namespace {

constexpr std::size_t most_remembered = 10'000;

/// SplitMix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of the input.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// FNV-1a, which is the same on every machine and build, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

bool matches(const FaultRule& rule, std::string_view operation, std::string_view transaction_id) {
  return (rule.match == "*" || rule.match == operation) &&
         (rule.transaction_id.empty() || rule.transaction_id == transaction_id) &&
         applies_to(rule.fault.kind, operation);
}

}  // namespace

FaultPlan::FaultPlan(FaultChance at_rest) : at_rest_(std::move(at_rest)) {
  state_.chance = at_rest_;
}

Fault FaultPlan::next(std::string_view operation, std::string_view transaction_id) {
  const std::lock_guard lock(mutex_);
  ++state_.calls[std::string(operation)];
  const auto scripted = by_script(operation, transaction_id);
  const Fault fault = scripted ? *scripted : by_chance(operation, transaction_id);
  if (fault.kind == FaultKind::none) return fault;
  ++state_.injected_count;
  state_.injected.push_back({fault.kind, std::string(operation), std::string(transaction_id)});
  if (state_.injected.size() > most_remembered) state_.injected.pop_front();
  return fault;
}

void FaultPlan::count(std::string_view what) {
  const std::lock_guard lock(mutex_);
  ++state_.calls[std::string(what)];
}

std::optional<Fault> FaultPlan::by_script(std::string_view operation,
                                          std::string_view transaction_id) {
  auto& script = state_.script;
  const auto rule = std::find_if(script.begin(), script.end(), [&](const FaultRule& each) {
    return matches(each, operation, transaction_id);
  });
  if (rule == script.end()) return std::nullopt;
  const Fault fault = rule->fault;
  if (--rule->times == 0) script.erase(rule);
  return fault;
}

Fault FaultPlan::by_chance(std::string_view operation, std::string_view transaction_id) {
  const FaultChance& chance = state_.chance;
  if (chance.rate <= 0) return {};
  std::string what(operation);
  what.append("/").append(transaction_id);
  const std::uint64_t attempt = ++attempts_[what];
  const std::uint64_t dice =
      mixed(mixed(static_cast<std::uint64_t>(chance.seed)) ^ mixed(hash_of(what) + attempt));
  // 53 bits are what a double holds exactly.
  if (static_cast<double>(dice >> 11) / static_cast<double>(1ULL << 53) >= chance.rate) return {};

  const auto& every = all_faults();
  std::vector<FaultKind> kinds = chance.kinds;
  if (kinds.empty()) kinds.assign(every.begin(), every.end());
  std::erase_if(kinds, [&](FaultKind kind) { return !applies_to(kind, operation); });
  if (kinds.empty()) return {};
  return {.kind = kinds[mixed(dice) % kinds.size()], .hold_ms = chance.hold_ms};
}

void FaultPlan::set_script(std::vector<FaultRule> script) {
  const std::lock_guard lock(mutex_);
  state_.script = std::move(script);
}

void FaultPlan::set_chance(FaultChance chance) {
  const std::lock_guard lock(mutex_);
  state_.chance = std::move(chance);
  attempts_.clear();
}

void FaultPlan::reset() {
  const std::lock_guard lock(mutex_);
  state_ = State{};
  state_.chance = at_rest_;
  attempts_.clear();
}

FaultPlan::State FaultPlan::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace florin::sandbox
