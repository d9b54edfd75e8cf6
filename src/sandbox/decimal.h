#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/currency.h"

namespace florin::sandbox {

/// "150.00" as minor units: digits, then at most as many decimals as the currency has, exactly and
/// without rounding. A leading '-' is read too; who forbids negative amounts checks the sign.
/// Nothing for any other text and for what 64 bits do not hold.
std::optional<std::int64_t> parse_amount(std::string_view text, Currency currency);

/// Minor units as a decimal in major units, with all decimals of the currency: "150.00", "7",
/// "1.500".
std::string format_amount(std::int64_t minor, Currency currency);

}  // namespace florin::sandbox
