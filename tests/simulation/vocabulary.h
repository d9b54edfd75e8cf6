#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace florin::simulation {

/// What requests are made of.
constexpr std::int64_t start_us = 1'750'000'000'000'000;
constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();

inline const std::vector<std::string> types{"asset",  "liability", "liability",
                                            "equity", "income",    "expense"};
inline const std::vector<std::string> currencies{"KZT", "KZT", "KZT", "USD", "EUR"};
inline const std::vector<std::string> stems{"wallet", "bank",       "fees",
                                            "shop",   "wallet:vip", "eu:de"};
inline const std::vector<std::string> references{"order-1", "order-2", "rent", "ü/é"};

/// Percent-encoded, as a segment of a path.
std::string encoded(const std::string& text);

}  // namespace florin::simulation
