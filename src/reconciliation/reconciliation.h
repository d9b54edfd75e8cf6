#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/timestamp.h"
#include "base/words.h"

namespace florin::reconciliation {

// ---------------------------------------------------------------- what is compared

enum class EntryStatus : std::uint8_t { pending, success, failed, rolled_back };
constexpr auto words_of(EntryStatus) {
  return std::to_array<Word<EntryStatus>>({{EntryStatus::pending, "pending"},
                                           {EntryStatus::success, "success"},
                                           {EntryStatus::failed, "failed"},
                                           {EntryStatus::rolled_back, "rolled_back"}});
}
/// In any case: "SUCCESS" and "success" are the same.
std::optional<EntryStatus> parse_entry_status(std::string_view text);

/// One movement as one side tells of it.
struct Entry {
  std::string key;     ///< The transaction id that both sides share.
  std::string ref;     ///< The id that the movement refers to; may be empty.
  std::string player;  ///< Whose movement it is; may be empty.
  Money amount;
  std::string kind;  ///< "debit", "credit", "rollback".
  EntryStatus status = EntryStatus::success;
  Timestamp at;

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// from <= at < to.
struct Period {
  Timestamp from, to;

  /// All that a Timestamp can be read from.
  static Period everything() { return {{0}, {9'223'372'036'000'000}}; }
  bool contains(Timestamp at) const { return from <= at && at < to; }
  Period widened(std::int64_t seconds) const {
    return {from.plus_seconds(-seconds), to.plus_seconds(seconds)};
  }
  friend bool operator==(const Period&, const Period&) = default;
};

/// Where a period begins: a day ("2026-11-21": its first moment, UTC) or a time of RFC 3339.
std::optional<Timestamp> parse_period_start(std::string_view text);
/// Where it ends: a day is part of it to its last moment, a time is not part of it any more.
std::optional<Timestamp> parse_period_end(std::string_view text);
/// 1 to 64 letters, digits and - _ . : but not a dot in front: it may become the name of a folder.
bool is_partner_name(std::string_view text);

/// Takes one entry; an error ends the reading and is handed on.
using EntryVisitor = std::function<Result<void>(const Entry&)>;

/// One side. Used by one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  /// Visits every entry of the period, in any order; entries outside of it may come too and are
  /// left aside. It may take minutes: a source over a database reads in pages, not in one snapshot.
  /// Errors: the source's own, and those of the visitor.
  virtual Result<void> read(const Period& period, const EntryVisitor& visit) = 0;
  /// How it was read, as the summary tells it: "semicolon, utf-8 ...". Empty: nothing to tell.
  virtual std::string description() const { return ""; }
};

/// What the sides are called, in lower case: it becomes part of kinds and columns.
struct SideNames {
  std::string ours = "hub", theirs = "operator";
};

/// What counts as the same.
struct Rules {
  bool match_by_ref = true;          ///< After the key: by ref and kind, among what is left.
  std::int64_t tolerance_minor = 0;  ///< Amounts may differ by so much.
  std::int64_t window_s = 300;  ///< A partner may lie so far outside of the period at its edges.
};

/// Both sides of what a name stands for, ready to be read.
struct SourcePair {
  std::unique_ptr<Source> ours, theirs;
  SideNames names = {};
  Rules rules = {};
};

/// Finds the sides of a partner; it returns soon, the reading comes later. Safe for concurrent use.
/// Errors: reconciliation_partner_not_found, those of opening.
using SourceFactory = std::function<Result<SourcePair>(TenantId, std::string_view partner)>;

// ---------------------------------------------------------------- what is found

enum class MismatchKind : std::uint8_t {
  missing_in_theirs,
  missing_in_ours,
  amount_mismatch,
  currency_mismatch,
  status_mismatch,
  player_mismatch,
  duplicate_in_theirs,
  duplicate_in_ours
};
inline constexpr std::size_t mismatch_kinds = 8;

/// "MISSING_IN_OPERATOR": the words of reports, rows and the API.
std::string word_of(MismatchKind kind, const SideNames& names);
std::optional<MismatchKind> parse_mismatch_kind(std::string_view word, const SideNames& names);

struct Mismatch {
  MismatchKind kind = MismatchKind::missing_in_theirs;
  std::optional<Entry> ours = {}, theirs = {};  ///< At least one.

  /// The entry by which the mismatch is named and dated: ours, where there is one. A duplicate is
  /// dated by itself.
  const Entry& entry() const {
    return ours && kind != MismatchKind::duplicate_in_theirs ? *ours : *theirs;
  }
};

/// What a run counted. Entries in the window around the period may be partners of others, and are
/// counted as outside.
struct Counts {
  std::int64_t ours = 0, theirs = 0;                  ///< Entries inside the period.
  std::int64_t ours_outside = 0, theirs_outside = 0;  ///< Read, but not of the period.
  std::int64_t matched = 0, matched_by_ref = 0;       ///< Pairs; the second is a part of the first.
  std::int64_t pending = 0;         ///< Ours that are not final and nobody contradicts.
  std::int64_t without_effect = 0;  ///< On one side only, but failed or rolled back.
  std::array<std::int64_t, mismatch_kinds> mismatches{};

  std::int64_t of(MismatchKind kind) const { return mismatches[static_cast<std::size_t>(kind)]; }
  std::int64_t mismatched() const;
  friend bool operator==(const Counts&, const Counts&) = default;
};

struct Progress {
  std::string_view step;  ///< "reading ours", "reading theirs", "comparing".
  std::int64_t entries = 0;
};
/// Told now and then; false interrupts the run.
using ProgressFn = std::function<bool(const Progress&)>;

}  // namespace florin::reconciliation
