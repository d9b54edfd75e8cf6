#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/engine/engine.h"

/// Bulks whose rows would keep the writer busy for longer than other tenants should wait.
namespace florin::ledger::bulk {

/// Transfers of one bulk that are written in one unit of work.
struct Slice {
  std::vector<Transfer> transfers;
  std::vector<engine::PostingRow> postings;
  std::vector<engine::HistoryCheckpoint> checkpoints;
};

/// Cuts what a bulk decided into slices of some `postings` each; a transfer stays whole.
std::vector<Slice> cut(const engine::Changes& changes, std::size_t postings);

/// As the slice is stored until it is written out. Read back by decode() of the same release only.
std::string encode(const Slice& slice);
/// Errors: store_corrupt.
Result<Slice> decode(std::string_view bytes);

}  // namespace florin::ledger::bulk
