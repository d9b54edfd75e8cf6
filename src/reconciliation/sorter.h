#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "reconciliation/file.h"
#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

/// Sorts any number of entries in bounded memory: what does not fit is spilled in sorted runs to a
/// scratch file, and the runs are merged while they are read. Add all, finish(), then read.
/// Order: by sort key (bytes), then by the bytes of the entry.
class Sorter {
 public:
  /// `memory_bytes` bounds the entries held before a run is spilled.
  Sorter(std::string folder, std::size_t memory_bytes);

  Result<void> add(std::string_view sort_key, const Entry& entry);
  /// Errors: reconciliation_files_unusable.
  Result<void> finish();

  /// The sort key of the next entry; nothing at the end. Valid until advance().
  std::optional<std::string_view> key() const;
  /// The next entry; key() must have a value.
  Result<Entry> entry() const;
  Result<void> advance();

  std::int64_t spilled_runs() const { return static_cast<std::int64_t>(runs_.size()); }

 private:
  /// A record in memory: the first bytes of its key, so that most comparisons end here.
  struct Slot {
    std::uint64_t prefix;
    std::size_t place;
  };
  /// A sorted run in the scratch file while it is read: a piece of it is in memory.
  struct Run {
    std::int64_t next = 0, end = 0;
    std::string piece;
    std::size_t place = 0;
  };

  void sort_slots();
  Result<void> spill();
  Result<void> start_merge();
  /// Makes sure that the run's next record lies whole in its piece.
  Result<void> fill(Run& run);
  bool comes_later(std::size_t a, std::size_t b) const;
  std::string_view record() const;  ///< The next record; empty at the end.

  std::string folder_;
  std::size_t memory_bytes_;
  std::string arena_;
  std::vector<Slot> slots_;
  std::size_t position_ = 0;  // In slots_, when nothing was spilled.
  std::optional<File> file_;
  std::vector<Run> runs_;
  std::vector<std::size_t> heap_;  // Runs that have records left; the least one in front.
};

}  // namespace florin::reconciliation
