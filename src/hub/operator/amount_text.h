#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"

namespace florin::hub::operators {

/// An amount in major units with all decimals of its currency: 15000 KZT is "150.00", 7 JPY "7".
std::string amount_text(const Money& amount);

/// Reads minor units: digits, then at most as many decimals as the currency has, exactly and
/// without rounding; a '-' in front is taken, for balances. Nothing for any other text and for what
/// 64 bits do not hold.
std::optional<std::int64_t> parse_amount_text(std::string_view text, Currency currency);

}  // namespace florin::hub::operators
