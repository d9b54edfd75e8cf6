#include "sandbox/play_model.h"

#include <utility>

namespace florin::sandbox {
namespace {

constexpr std::size_t most_remembered = 1'000;

}  // namespace

void PlayModel::opened(const std::string& player, std::int64_t balance) {
  const std::lock_guard lock(mutex_);
  players_[player] = {balance, balance, balance};
  sums_.opening += balance;
}

void PlayModel::heard_balance(const std::string& player, const HubReply& reply) {
  const std::lock_guard lock(mutex_);
  check_balance(player, reply);
}

void PlayModel::check_balance(const std::string& key, const HubReply& reply) {
  if (reply.balance_cents && *reply.balance_cents < 0) {
    violated_locked({"negative_balance", key, std::to_string(*reply.balance_cents)});
  }
}

void PlayModel::heard(const std::string& key, const HubReply& reply) {
  const std::lock_guard lock(mutex_);
  check_balance(key, reply);
  if (reply.meaning != Meaning::done || reply.transaction_id.empty()) return;
  const auto [known, is_first] = transactions_.emplace(key, reply.transaction_id);
  if (!is_first && known->second != reply.transaction_id) {
    violated_locked({"two_transactions", key, known->second + " and " + reply.transaction_id});
  }
}

void PlayModel::ended(Kind kind, const std::string& player, const std::string& key,
                      std::int64_t amount, Meaning meaning) {
  const std::lock_guard lock(mutex_);
  const std::int64_t change = kind == Kind::debit ? -amount : amount;
  const std::int64_t certain = meaning == Meaning::done ? change : 0;
  Effect effect{player, certain, certain};
  if (meaning == Meaning::unclear) (change < 0 ? effect.low : effect.high) = change;
  set_effect(key, effect);
  if (meaning == Meaning::done) (kind == Kind::debit ? sums_.debits : sums_.credits) += amount;
}

void PlayModel::rolled_back(const std::string& debit_key, Meaning meaning) {
  const std::lock_guard lock(mutex_);
  const auto debit = effects_.find(debit_key);
  if (debit == effects_.end() || meaning == Meaning::refused) return;
  Effect effect = debit->second;
  const bool was_certain = effect.low == effect.high;
  if (meaning == Meaning::done && was_certain) sums_.rollbacks -= effect.low;
  effect.high = 0;
  if (meaning == Meaning::done) effect.low = 0;
  set_effect(debit_key, effect);
}

void PlayModel::set_effect(const std::string& key, const Effect& effect) {
  Effect& stored = effects_[key];
  Player& player = players_[effect.player];
  player.low += effect.low - stored.low;
  player.high += effect.high - stored.high;
  stored = effect;
}

void PlayModel::closed(const std::string& player, std::int64_t balance) {
  const std::lock_guard lock(mutex_);
  sums_.closing += balance;
  const Player& known = players_[player];
  if (balance >= known.low && balance <= known.high) return;
  std::string expected = std::to_string(known.low);
  if (known.high != known.low) expected.append(" to ").append(std::to_string(known.high));
  violated_locked({"balance_equation", player,
                   "opened with " + std::to_string(known.opening) + ", should be " + expected +
                       ", is " + std::to_string(balance)});
}

void PlayModel::violated(Violation violation) {
  const std::lock_guard lock(mutex_);
  violated_locked(std::move(violation));
}

void PlayModel::violated_locked(Violation violation) {
  ++violation_count_;
  if (violations_.size() < most_remembered) violations_.push_back(std::move(violation));
}

std::vector<Violation> PlayModel::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

std::int64_t PlayModel::violation_count() const {
  const std::lock_guard lock(mutex_);
  return violation_count_;
}

std::vector<std::string> PlayModel::unresolved() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, effect] : effects_) {
    if (effect.low != effect.high) keys.push_back(key);
  }
  return keys;
}

PlaySums PlayModel::sums() const {
  const std::lock_guard lock(mutex_);
  return sums_;
}

}  // namespace florin::sandbox
