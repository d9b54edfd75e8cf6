#include "reconciliation/reason.h"

#include <fmt/core.h>

#include "reconciliation/csv.h"

namespace florin::reconciliation {
namespace {

std::string shown(const Money& amount) {
  return fmt::format("{} {}", to_decimal(amount), amount.currency.code());
}

/// "a debit of 12.50 EUR (SUCCESS)"
std::string shown(const Entry& entry) {
  return fmt::format("a {} of {} ({})", entry.kind, shown(entry.amount), to_word(entry.status));
}

/// "operator" of MISSING_IN_OPERATOR.
std::string side_in(std::string_view kind, std::string_view prefix) {
  std::string side(kind.substr(prefix.size()));
  for (char& c : side) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return side;
}

std::string amounts_differ(const Entry& ours, const Entry& theirs) {
  std::string text =
      fmt::format("ours is {}, theirs is {}", shown(ours.amount), shown(theirs.amount));
  const auto difference = ours.amount.minus(theirs.amount);
  if (difference) text += fmt::format("; the difference is {}", shown(*difference));
  return text;
}

}  // namespace

std::string reason_of(std::string_view kind, const std::optional<Entry>& ours,
                      const std::optional<Entry>& theirs) {
  constexpr std::string_view missing = "MISSING_IN_", duplicate = "DUPLICATE_IN_";
  if (kind.starts_with(missing))
    return fmt::format("{} has nothing that fits {}", side_in(kind, missing),
                       shown(ours ? *ours : *theirs));
  if (kind.starts_with(duplicate)) {
    const bool is_ours = ours && !theirs;
    return fmt::format("{} has it more than once: {} too", side_in(kind, duplicate),
                       shown(is_ours ? *ours : *theirs));
  }
  if (!ours || !theirs) return std::string();
  if (kind == "AMOUNT_MISMATCH") return amounts_differ(*ours, *theirs);
  if (kind == "CURRENCY_MISMATCH")
    return fmt::format("ours is {}, theirs is {}", shown(ours->amount), shown(theirs->amount));
  if (kind == "PLAYER_MISMATCH")
    return fmt::format("ours is of the player {}, theirs of {}", ours->player, theirs->player);
  return fmt::format("ours is {}, theirs is {}", to_word(ours->status), to_word(theirs->status));
}

}  // namespace florin::reconciliation
