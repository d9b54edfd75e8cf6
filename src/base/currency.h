#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace florin {

/// One entry of ISO 4217.
struct CurrencyInfo {
  std::string_view code;  ///< "KZT"
  int numeric;            ///< 398
  int digits;             ///< Decimals of the minor unit: 2 for KZT, 0 for JPY, 3 for KWD.
  std::string_view name;
};

/// A currency of ISO 4217, one byte wide: an index into the table of active codes.
class Currency {
 public:
  /// By its upper-case letters; nothing when ISO 4217 does not list it.
  static std::optional<Currency> parse(std::string_view code);
  /// Every active currency, sorted by code.
  static std::span<const CurrencyInfo> all();

  std::string_view code() const { return info().code; }
  int digits() const { return info().digits; }
  const CurrencyInfo& info() const { return all()[index_]; }

  friend constexpr auto operator<=>(const Currency&, const Currency&) = default;

 private:
  explicit constexpr Currency(std::uint8_t index) : index_(index) {}
  std::uint8_t index_;
};

}  // namespace florin
