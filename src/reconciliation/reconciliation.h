#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/timestamp.h"

namespace florin::reconciliation {

// ---------------------------------------------------------------- what is compared

enum class EntryStatus : std::uint8_t { pending, success, failed, rolled_back };

std::string_view to_string(EntryStatus status);
/// In any case: "SUCCESS" and "success" are the same.
std::optional<EntryStatus> parse_entry_status(std::string_view text);

/// One movement as one side tells of it.
struct Entry {
  std::string key;      ///< The transaction id that both sides share.
  std::string ref;      ///< The id that the movement refers to; may be empty.
  std::string account;  ///< The player.
  Money amount;
  std::string kind;  ///< "debit", "credit", "rollback".
  EntryStatus status = EntryStatus::success;
  Timestamp at;

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// A side, read once from its beginning to its end; the order does not matter.
class Source {
 public:
  virtual ~Source() = default;
  /// Nothing at the end. Errors end the run.
  virtual Result<std::optional<Entry>> next() = 0;
};

struct Page {
  std::vector<Entry> entries;
  std::optional<std::string> next_cursor;  ///< Nothing on the last page.
};

/// A side that answers in pages. What was fetched is kept on disk, so that a run that was
/// interrupted goes on where it stood.
class PagedSource {
 public:
  virtual ~PagedSource() = default;
  /// The page that a cursor names; the first one for an empty cursor.
  virtual Result<Page> fetch(const std::string& cursor) = 0;
};

/// from <= at < to.
struct Period {
  Timestamp from, to;

  bool contains(Timestamp at) const { return from <= at && at < to; }
  Period widened(std::int64_t seconds) const {
    return {from.plus_seconds(-seconds), to.plus_seconds(seconds)};
  }
  friend bool operator==(const Period&, const Period&) = default;
};

/// What counts as the same.
struct Rules {
  bool match_by_ref = true;          ///< After the key: by ref and kind, among what is left.
  std::int64_t tolerance_minor = 0;  ///< Amounts may differ by so much.
  std::int64_t window_s = 300;  ///< A partner may lie so far outside of the period at its edges.
};

// ---------------------------------------------------------------- what is found

enum class MismatchKind : std::uint8_t {
  missing_in_operator,
  missing_in_hub,
  amount_mismatch,
  currency_mismatch,
  status_mismatch,
  duplicate_in_operator
};
inline constexpr std::size_t mismatch_kinds = 6;

/// "MISSING_IN_OPERATOR": the words of reports, rows and the API.
std::string_view to_string(MismatchKind kind);
std::optional<MismatchKind> parse_mismatch_kind(std::string_view text);

struct Mismatch {
  MismatchKind kind = MismatchKind::missing_in_operator;
  std::optional<Entry> ours, theirs;  ///< At least one.

  /// The entry by which the mismatch is named and dated: ours, where there is one. A duplicate is
  /// dated by itself.
  const Entry& entry() const {
    return ours && kind != MismatchKind::duplicate_in_operator ? *ours : *theirs;
  }
};

/// What a run counted. Entries in the window around the period are read, but counted nowhere.
struct Counts {
  std::int64_t ours = 0, theirs = 0;           ///< Entries inside the period.
  std::int64_t matched = 0, matched_by_ref = 0;  ///< Pairs; the second is a part of the first.
  std::int64_t pending = 0;        ///< Ours that are not final and nobody contradicts.
  std::int64_t absent_unbooked = 0;  ///< Without a partner, but failed or rolled back: nothing to do.
  std::array<std::int64_t, mismatch_kinds> mismatches{};

  std::int64_t of(MismatchKind kind) const {
    return mismatches[static_cast<std::size_t>(kind)];
  }
  std::int64_t mismatched() const;
  friend bool operator==(const Counts&, const Counts&) = default;
};

struct Progress {
  std::string_view step;  ///< "reading ours", "reading theirs", "comparing".
  std::int64_t entries = 0;
};
/// Told now and then; false interrupts the run, which can be continued later.
using ProgressFn = std::function<bool(const Progress&)>;

}  // namespace florin::reconciliation
