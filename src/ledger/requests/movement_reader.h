#pragma once
#include <vector>

#include "base/error.h"
#include "ledger/ledger.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

/// The objects of commands, alone in a body or as the items of a bulk. What is bad is added to
/// `problems`.
namespace florin::ledger::requests {

/// References in requests are not longer.
inline constexpr std::size_t max_reference_bytes = 255;

PostTransfer read_transfer(json::ObjectReader& body, std::vector<FieldError>& problems);
PlaceHold read_hold(json::ObjectReader& body, std::vector<FieldError>& problems);
CaptureHold read_capture(json::ObjectReader& body, HoldId id);
ReverseTransfer read_reversal(json::ObjectReader& body, TransferId id);

}  // namespace florin::ledger::requests
