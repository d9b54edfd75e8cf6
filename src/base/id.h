#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace florin {

namespace detail {
void append_id(std::string& out, std::string_view prefix, std::int64_t value);
std::optional<std::int64_t> parse_id(std::string_view text, std::string_view prefix);
}  // namespace detail

/// A 64-bit, positive, time-ordered id with its kind in the type. Written as the tag's prefix, '_',
/// and 13 characters of Crockford base32 (lower case): "acc_01h2xcejqtf2n". Zero means "none".
template <class Tag>
struct Id {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  explicit constexpr operator bool() const { return value != 0; }

  std::string str() const {
    std::string out;
    append_to(out);
    return out;
  }
  void append_to(std::string& out) const { detail::append_id(out, Tag::prefix, value); }
  /// Nothing when the prefix, the length or a character is wrong.
  static std::optional<Id> parse(std::string_view text) {
    const auto value = detail::parse_id(text, Tag::prefix);
    return value ? std::optional<Id>(Id{*value}) : std::nullopt;
  }
};

struct TenantTag {
  static constexpr std::string_view prefix = "ten";
};
struct ApiKeyTag {
  static constexpr std::string_view prefix = "key";
};
struct AccountTag {
  static constexpr std::string_view prefix = "acc";
};
struct TransferTag {
  static constexpr std::string_view prefix = "tr";
};
struct HoldTag {
  static constexpr std::string_view prefix = "hold";
};
struct EventTag {
  static constexpr std::string_view prefix = "evt";
};

using TenantId = Id<TenantTag>;
using ApiKeyId = Id<ApiKeyTag>;
using AccountId = Id<AccountTag>;
using TransferId = Id<TransferTag>;
using HoldId = Id<HoldTag>;
using EventId = Id<EventTag>;

}  // namespace florin

template <class Tag>
struct std::hash<florin::Id<Tag>> {
  std::size_t operator()(const florin::Id<Tag>& id) const noexcept {
    // Ids of one moment differ in few low bits; spread them over the table.
    return static_cast<std::size_t>(static_cast<std::uint64_t>(id.value) * 0x9E3779B97F4A7C15ull);
  }
};
