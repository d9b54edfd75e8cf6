#pragma once
#include <optional>
#include <string>

#include "platform/json/fields.h"
#include "reconciliation/items.h"
#include "reconciliation/rows.h"

/// What runs and items look like outside and in their rows: reading, writing and the API document.
namespace florin::reconciliation {

json::Codec<Entry> codec_for(json::Of<Entry>);
json::Codec<ProposedPosting> codec_for(json::Of<ProposedPosting>);

/// A new one names its partner and period.
const json::Fields<Run>& run_fields();
const json::Fields<Item>& item_fields();
const json::Fields<Proposal>& proposal_fields();

struct Explanation {
  std::string note;
};
const json::Fields<Explanation>& explanation_fields();

struct Rejection {
  std::optional<std::string> note;
};
const json::Fields<Rejection>& rejection_fields();

std::string to_json(const Run& run);
std::string to_json(const Item& item);
/// The kinds of mismatches contain the names of the sides.
std::string to_json(const Counts& counts, const SideNames& names);

}  // namespace florin::reconciliation
