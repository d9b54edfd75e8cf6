#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "reconciliation/reconciliation.h"

namespace florin::reconciliation {

struct EngineOptions {
  std::string work_dir;                              ///< For spill files; must exist.
  std::size_t memory_bytes = std::size_t{64} << 20;  ///< For entries being sorted, all together.
};

/// Takes one mismatch; an error ends the comparison.
using MismatchSink = std::function<Result<void>(const Mismatch&)>;

/// Compares two sides of a period. The outcome is a function of the entries and rules alone: order
/// of the sources, memory and spilling change nothing, and mismatches come in one order.
///
/// Entries outside of the period widened by the window are left aside; of the rest, partners are
/// found first by key, then (rules.match_by_ref) by ref, kind, currency, amount and whether it had
/// an effect, then by ref and kind, successes first, in order of time. A mismatch is reported when
/// the entry that names it (see Mismatch::entry) lies inside the period, so that neighbouring
/// periods report it once. A key may stand several times on a side; key_group.h says what counts.
/// Errors: those of the sources and the sink; reconciliation_files_unusable,
///         reconciliation_interrupted.
Result<Counts> compare(Source& ours, Source& theirs, const Period& period, const Rules& rules,
                       const EngineOptions& options, const MismatchSink& sink,
                       const ProgressFn& progress = {});

}  // namespace florin::reconciliation
