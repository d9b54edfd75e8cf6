#include "hub/hub.h"

#include <algorithm>
#include <array>
#include <utility>

namespace florin::hub {
namespace {

constexpr std::array<std::string_view, 3> kinds{"debit", "credit", "rollback"};
constexpr std::array<std::string_view, 4> states{"PENDING", "SUCCESS", "FAILED", "ROLLED_BACK"};

template <class Enum, std::size_t count>
std::optional<Enum> parse(const std::array<std::string_view, count>& words, std::string_view text) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return std::nullopt;
  return static_cast<Enum>(found - words.begin());
}

}  // namespace

std::string_view to_string(Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }
std::optional<Kind> parse_kind(std::string_view text) { return parse<Kind>(kinds, text); }

std::string_view to_string(State state) { return states[static_cast<std::size_t>(state)]; }
std::optional<State> parse_state(std::string_view text) { return parse<State>(states, text); }

bool Partner::allows(const Currency& currency) const {
  return std::find(currencies.begin(), currencies.end(), currency) != currencies.end();
}

}  // namespace florin::hub
