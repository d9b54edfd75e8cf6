#pragma once
#include <optional>
#include <vector>

#include "base/error.h"
#include "ledger/split.h"
#include "platform/json/object_reader.h"

namespace florin::ledger::requests {

/// The member `split` of a transfer or hold; nothing when it is absent or bad, and what is bad is
/// in `problems`. docs/transfers.md shows its form.
std::optional<Split> read_split(json::ObjectReader& body, std::vector<FieldError>& problems);

}  // namespace florin::ledger::requests
