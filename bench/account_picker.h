#pragma once
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace florin::bench {

using Random = std::mt19937_64;

/// A number in [0, 1).
inline double unit(Random& random) { return static_cast<double>(random() >> 11) * 0x1.0p-53; }

/// Chooses among `count` accounts so that the one of rank r is taken with a chance proportional to
/// 1 / r^theta: theta 0 is uniform, 1 is Zipf's law, 2 gives the first account 61 % of all picks.
/// Ranks are dealt to accounts at random, or the busy ones would lie side by side in the database.
class AccountPicker {
 public:
  AccountPicker(std::uint32_t count, double theta, Random& random);

  std::uint32_t pick(Random& random) const;
  /// Two different accounts. Both come from the same distribution, and each is as likely the first
  /// as the second, so that no account runs dry by being picked often.
  std::pair<std::uint32_t, std::uint32_t> pick_two(Random& random) const;
  /// The account of rank 1.
  std::uint32_t busiest() const { return account_of_rank_.front(); }

 private:
  // Walker's alias method: a slot is taken uniformly, then its own rank or its alias by a coin.
  struct Slot {
    double own_share = 1;
    std::uint32_t alias = 0;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> account_of_rank_;
};

}  // namespace florin::bench
