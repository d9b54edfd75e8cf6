#include "reconciliation/reconciliation.h"

#include <algorithm>
#include <numeric>

namespace florin::reconciliation {
namespace {

bool equal_in_any_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

bool is_day(std::string_view text) { return text.size() == 10; }

}  // namespace

std::optional<EntryStatus> parse_entry_status(std::string_view text) {
  for (const Word<EntryStatus>& word : words_of(EntryStatus())) {
    if (equal_in_any_case(text, word.text)) return word.value;
  }
  return std::nullopt;
}

std::string word_of(MismatchKind kind, const SideNames& names) {
  switch (kind) {
    case MismatchKind::missing_in_theirs:
      return "MISSING_IN_" + upper(names.theirs);
    case MismatchKind::missing_in_ours:
      return "MISSING_IN_" + upper(names.ours);
    case MismatchKind::amount_mismatch:
      return "AMOUNT_MISMATCH";
    case MismatchKind::currency_mismatch:
      return "CURRENCY_MISMATCH";
    case MismatchKind::status_mismatch:
      return "STATUS_MISMATCH";
    case MismatchKind::player_mismatch:
      return "PLAYER_MISMATCH";
    case MismatchKind::duplicate_in_theirs:
      return "DUPLICATE_IN_" + upper(names.theirs);
    case MismatchKind::duplicate_in_ours:
      break;
  }
  return "DUPLICATE_IN_" + upper(names.ours);
}

std::optional<MismatchKind> parse_mismatch_kind(std::string_view word, const SideNames& names) {
  for (std::size_t i = 0; i < mismatch_kinds; ++i) {
    const auto kind = static_cast<MismatchKind>(i);
    if (word == word_of(kind, names)) return kind;
  }
  return std::nullopt;
}

bool is_partner_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text[0] != '.' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-_.:").find(c) != std::string_view::npos;
         });
}

std::optional<Timestamp> parse_period_start(std::string_view text) {
  if (is_day(text)) return Timestamp::parse(std::string(text) + "T00:00:00Z");
  return Timestamp::parse(text);
}

std::optional<Timestamp> parse_period_end(std::string_view text) {
  const auto at = parse_period_start(text);
  if (!at || !is_day(text)) return at;
  return at->plus_seconds(86'400);
}

std::int64_t Counts::mismatched() const {
  return std::accumulate(mismatches.begin(), mismatches.end(), std::int64_t{0});
}

}  // namespace florin::reconciliation
