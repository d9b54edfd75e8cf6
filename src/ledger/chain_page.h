#pragma once
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ledger/chain.h"
#include "platform/sql/proof.h"

namespace florin::ledger::chain {

/// A range of links of one chain with what they cover, as the tables have it. What they cover
/// lies apart and in no order: a large bulk is written later than its ids were made.
struct Page {
  std::vector<Link> links;                 // In their order,
  std::vector<const Link*> by_first_id;    // and in that of what they cover.
  std::int64_t first_id = 0, last_id = 0;  // Of all of them.
  std::vector<Transfer> transfers;         // With the number of postings that each should have,
  std::vector<std::int64_t> posting_counts;
  std::vector<std::pair<HoldRecord, Hold>> holds;

  /// The place of the link that covers a record; nothing: a link of another page or chain, or none.
  std::optional<std::size_t> place_of(std::int64_t id) const;
};

/// The links of a chain behind a sequence, about 50,000 records of them; without links at the end.
/// What rows say that cannot be right is a fault.
Result<Page> load_page(sql::Tx& tx, std::int64_t chain, std::int64_t after, sql::Checker& check);

}  // namespace florin::ledger::chain
