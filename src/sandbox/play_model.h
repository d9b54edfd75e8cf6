#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sandbox/hub_caller.h"

namespace florin::sandbox {

/// Something that must not be, whatever faults there were.
struct Violation {
  std::string rule;  ///< "negative_balance", "balance_equation", ... see docs/sandbox.md.
  std::string key;   ///< Of the call, or the player.
  std::string detail;
};

/// Sums over all players, in minor units, of what surely moved.
struct PlaySums {
  std::int64_t opening = 0, debits = 0, credits = 0, rollbacks = 0, closing = 0;
};

/// What the game server believes of every movement, and holds against what the hub says. Safe for
/// concurrent use.
class PlayModel {
 public:
  enum class Kind : std::uint8_t { debit, credit };

  void opened(const std::string& player, std::int64_t balance);
  /// Any answer about a player's money: its balance must not be negative.
  void heard_balance(const std::string& player, const HubReply& reply);
  /// Any answer to a call with this key: besides, every one that says "done" must name the same
  /// transaction.
  void heard(const std::string& key, const HubReply& reply);
  /// How a debit or credit ended. When it stayed unclear the money may have moved or not.
  void ended(Kind kind, const std::string& player, const std::string& key, std::int64_t amount,
             Meaning meaning);
  /// How the rollback of a debit ended. Done: the debit has no effect, whether it ever had or not.
  void rolled_back(const std::string& debit_key, Meaning meaning);
  /// The balance after all calls: must be what the movements make of the opening one.
  void closed(const std::string& player, std::int64_t balance);

  void violated(Violation violation);
  std::vector<Violation> violations() const;
  std::int64_t violation_count() const;  ///< Of all; violations() remembers the first thousand.
  /// Keys whose outcome is still unknown.
  std::vector<std::string> unresolved() const;
  PlaySums sums() const;

 private:
  /// What a movement may have added to the balance.
  struct Effect {
    std::string player;
    std::int64_t low = 0, high = 0;
  };
  struct Player {
    std::int64_t opening = 0, low = 0, high = 0;
  };

  void set_effect(const std::string& key, const Effect& effect);
  void check_balance(const std::string& key, const HubReply& reply);
  void violated_locked(Violation violation);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Player> players_;
  std::unordered_map<std::string, Effect> effects_;
  std::unordered_map<std::string, std::string> transactions_;  ///< By key.
  std::vector<Violation> violations_;
  std::int64_t violation_count_ = 0;
  PlaySums sums_;
};

}  // namespace florin::sandbox
