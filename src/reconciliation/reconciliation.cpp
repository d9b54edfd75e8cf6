#include "reconciliation/reconciliation.h"

#include <algorithm>
#include <numeric>

namespace florin::reconciliation {
namespace {

constexpr std::array<std::string_view, 4> statuses{"pending", "success", "failed", "rolled_back"};
constexpr std::array<std::string_view, mismatch_kinds> kinds{
    "MISSING_IN_OPERATOR", "MISSING_IN_HUB",  "AMOUNT_MISMATCH",
    "CURRENCY_MISMATCH",   "STATUS_MISMATCH", "DUPLICATE_IN_OPERATOR"};

bool equal_in_any_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

std::string_view to_string(EntryStatus status) {
  return statuses[static_cast<std::size_t>(status)];
}

std::optional<EntryStatus> parse_entry_status(std::string_view text) {
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (equal_in_any_case(text, statuses[i])) return static_cast<EntryStatus>(i);
  }
  return std::nullopt;
}

std::string_view to_string(MismatchKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::optional<MismatchKind> parse_mismatch_kind(std::string_view text) {
  const auto found = std::find(kinds.begin(), kinds.end(), text);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<MismatchKind>(found - kinds.begin());
}

std::int64_t Counts::mismatched() const {
  return std::accumulate(mismatches.begin(), mismatches.end(), std::int64_t{0});
}

}  // namespace florin::reconciliation
