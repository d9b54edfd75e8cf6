#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "ledger/account_ref.h"

namespace florin::ledger {

/// An exact part of a whole, in lowest terms.
struct Portion {
  std::int64_t numerator = 0, denominator = 1;
  /// "1/3" or "12.5%"; above zero and at most the whole. Denominators up to 1,000,000, which is
  /// four decimals of a percent.
  static std::optional<Portion> parse(std::string_view text);
  friend bool operator==(const Portion&, const Portion&) = default;
};

/// An account that is debited, in its turn, for as much as it has.
struct SplitSource {
  AccountRef account;
  std::optional<std::int64_t> max;   ///< Takes no more than this.
  std::optional<std::int64_t> keep;  ///< Leaves at least this available.
  bool overdraft = false;  ///< Where there is no min_balance: as much as is asked, below zero too.
};

/// What is credited to an account, or kept where it is.
struct SplitDestination {
  enum class Share : std::uint8_t {
    amount,    ///< `minor`, exactly.
    portion,   ///< `portion` of the whole, at most `max`.
    up_to,     ///< What is left, at most `max`.
    remaining  ///< What is left.
  };
  std::optional<AccountRef> account;  ///< Absent: kept, that is not moved.
  Share share = Share::remaining;
  std::int64_t minor = 0;
  Portion portion;
  std::optional<std::int64_t> max;
};

/// Money drawn from sources in order and shared out, instead of postings.
struct Split {
  enum class Total : std::uint8_t {
    exact,  ///< `minor`, or nothing happens.
    up_to,  ///< What the sources have, at most `minor`.
    all     ///< What the sources have.
  };
  Currency currency;
  Total total = Total::exact;
  std::int64_t minor = 0;
  std::vector<SplitSource> sources = {};
  std::vector<SplitDestination> destinations = {};
};

inline constexpr std::size_t max_split_sides = 100;

}  // namespace florin::ledger
