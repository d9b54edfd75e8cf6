#include "webhooks/delivery/delivery.h"

#include <array>
#include <utility>

namespace florin::webhooks {
namespace {
constexpr std::array<std::pair<DeliveryState, std::string_view>, 4> names{{
    {DeliveryState::pending, "PENDING"},
    {DeliveryState::delivered, "DELIVERED"},
    {DeliveryState::failed, "FAILED"},
    {DeliveryState::dead_letter, "DEAD_LETTER"},
}};
}  // namespace

std::string_view to_string(DeliveryState state) {
  for (const auto& [one, name] : names) {
    if (one == state) return name;
  }
  return {};
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  for (const auto& [state, name] : names) {
    if (name == text) return state;
  }
  return std::nullopt;
}

}  // namespace florin::webhooks
