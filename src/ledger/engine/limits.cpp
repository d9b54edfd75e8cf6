#include "ledger/engine/limits.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/try.h"
#include "ledger/errors.h"

namespace florin::ledger::engine {
namespace {

__extension__ using Wide = __int128;
using Share = SplitDestination::Share;

/// Sums of portions are taken over one denominator; 128 bits hold an amount times this.
constexpr std::int64_t max_common_denominator = 1'000'000'000'000;

std::int64_t clamp(Wide amount) {
  return static_cast<std::int64_t>(std::clamp<Wide>(amount, 0, INT64_MAX));
}

bool lowers(const AccountState& account, Side side) {
  return (side == Side::debit) != is_debit_normal(account.type);
}

Error mismatch(std::string detail) {
  return Error{errors::split_mismatch, detail, {{"/split/destinations", "split_mismatch", detail}}};
}

bool takes_rest(const SplitDestination& destination) {
  return destination.share == Share::up_to || destination.share == Share::remaining;
}

/// An exact share: whole units, and what is over them in parts of the common denominator.
struct Quota {
  std::size_t place = 0;
  std::int64_t units = 0, over = 0;
};

Result<std::int64_t> common_denominator(std::span<const SplitDestination> destinations) {
  std::int64_t common = 1;
  for (const SplitDestination& destination : destinations) {
    if (destination.share != Share::portion) continue;
    common = std::lcm(common, destination.portion.denominator);  // At most 10^12 times 10^6.
    if (common > max_common_denominator)
      return mismatch("the portions have no common denominator of up to 12 digits");
  }
  return common;
}

/// Gives the units that rounding down left over to the greatest remainders.
void hand_out(std::vector<Quota>& quotas, std::int64_t left_over) {
  std::stable_sort(quotas.begin(), quotas.end(),
                   [](const Quota& a, const Quota& b) { return a.over > b.over; });
  for (std::int64_t i = 0; i < left_over; ++i) ++quotas[static_cast<std::size_t>(i)].units;
}

/// The portions of the whole. What is left for the rest takes part in the rounding where somebody
/// takes the rest, or else must be nothing.
Result<void> share_portions(std::int64_t total, Wide fixed,
                            std::span<const SplitDestination> destinations,
                            std::vector<std::int64_t>& shares) {
  const std::int64_t common = TRY(common_denominator(destinations));
  std::vector<Quota> quotas;
  Wide left = (static_cast<Wide>(total) - fixed) * common;  // In parts of the denominator.
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i].share != Share::portion) continue;
    const Portion& portion = destinations[i].portion;
    const Wide parts =
        static_cast<Wide>(total) * portion.numerator * (common / portion.denominator);
    left -= parts;
    quotas.push_back(
        {i, static_cast<std::int64_t>(parts / common), static_cast<std::int64_t>(parts % common)});
  }
  if (left < 0) return mismatch("the destinations' shares are more than the amount");
  const auto rest = std::find_if(destinations.begin(), destinations.end(), takes_rest);
  if (rest == destinations.end() && left > 0)
    return mismatch("the destinations' shares are less than the amount, and none takes the rest");
  Wide over = left % common;
  for (const Quota& quota : quotas) over += quota.over;
  if (rest != destinations.end()) {
    quotas.push_back({static_cast<std::size_t>(rest - destinations.begin()), 0,
                      static_cast<std::int64_t>(left % common)});
    // Among equals the one listed first wins, the rest included.
    std::stable_sort(quotas.begin(), quotas.end(),
                     [](const Quota& a, const Quota& b) { return a.place < b.place; });
  }
  hand_out(quotas, static_cast<std::int64_t>(over / common));
  for (const Quota& quota : quotas) {
    const SplitDestination& destination = destinations[quota.place];
    if (destination.share == Share::portion)
      shares[quota.place] = std::min(quota.units, destination.max.value_or(INT64_MAX));
  }
  return {};
}

}  // namespace

std::optional<std::int64_t> room_of(const AccountState& account, const Sums& sums, Side side) {
  if (lowers(account, side)) {
    const std::int64_t floor = account.min_balance.value_or(0);
    return clamp(static_cast<Wide>(available_of(account.type, sums)) - floor);
  }
  if (!account.max_balance) return std::nullopt;
  return clamp(static_cast<Wide>(*account.max_balance) - balance_of(account.type, sums) -
               incoming_of(account.type, sums));
}

std::optional<std::int64_t> room_of(const AccountState& account, const SplitSource& source,
                                    std::int64_t drawn) {
  std::optional<Wide> room;
  const auto at_most = [&](Wide bound) { room = std::min(room.value_or(bound), bound); };
  if (!lowers(account, Side::debit)) {
    if (account.max_balance)
      at_most(static_cast<Wide>(*account.max_balance) - balance_of(account.type, account.sums) -
              incoming_of(account.type, account.sums) - drawn);
  } else {
    const Wide available = static_cast<Wide>(available_of(account.type, account.sums)) - drawn;
    const bool is_bounded = account.min_balance || !source.overdraft;
    if (is_bounded) at_most(available - account.min_balance.value_or(0));
    if (source.keep) at_most(available - *source.keep);
  }
  if (source.max) at_most(*source.max);
  return room ? std::optional(clamp(*room)) : std::nullopt;
}

Result<std::vector<std::int64_t>> shares_of(std::int64_t total,
                                            std::span<const SplitDestination> destinations) {
  std::vector<std::int64_t> shares(destinations.size());
  Wide fixed = 0;
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i].share != Share::amount) continue;
    shares[i] = destinations[i].minor;
    fixed += shares[i];
  }
  TRY(share_portions(total, fixed, destinations, shares));
  // Not more than the whole: share_portions refused that.
  std::int64_t rest = total - std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i].share != Share::up_to) continue;
    shares[i] = std::min(rest, destinations[i].max.value_or(0));
    rest -= shares[i];
  }
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i].share == Share::remaining) shares[i] = std::exchange(rest, 0);
  }
  if (rest > 0)
    return mismatch("the destinations' shares are less than the amount, and none takes the rest");
  return shares;
}

}  // namespace florin::ledger::engine
