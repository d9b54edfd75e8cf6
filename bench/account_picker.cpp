#include "bench/account_picker.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace florin::bench {

AccountPicker::AccountPicker(std::uint32_t count, double theta, Random& random)
    : slots_(count), account_of_rank_(count) {
  std::iota(account_of_rank_.begin(), account_of_rank_.end(), 0u);
  std::shuffle(account_of_rank_.begin(), account_of_rank_.end(), random);

  double total = 0;
  for (std::uint32_t i = 0; i < count; ++i) total += std::pow(i + 1.0, -theta);
  std::vector<double> share(count);  // In slots: 1 is a fair share.
  for (std::uint32_t i = 0; i < count; ++i) share[i] = std::pow(i + 1.0, -theta) * count / total;

  std::vector<std::uint32_t> small, large;
  for (std::uint32_t i = 0; i < count; ++i) (share[i] < 1 ? small : large).push_back(i);
  while (!small.empty() && !large.empty()) {
    const std::uint32_t poor = small.back();
    const std::uint32_t rich = large.back();
    small.pop_back();
    slots_[poor] = {share[poor], rich};
    share[rich] -= 1 - share[poor];
    if (share[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
}

std::uint32_t AccountPicker::pick(Random& random) const {
  const double place = unit(random) * static_cast<double>(slots_.size());
  const auto slot = static_cast<std::uint32_t>(place);
  const bool own = place - slot < slots_[slot].own_share;
  return account_of_rank_[own ? slot : slots_[slot].alias];
}

std::pair<std::uint32_t, std::uint32_t> AccountPicker::pick_two(Random& random) const {
  const std::uint32_t a = pick(random);
  std::uint32_t b = pick(random);
  while (b == a) b = pick(random);
  return (random() & 1) != 0 ? std::pair(a, b) : std::pair(b, a);
}

}  // namespace florin::bench
