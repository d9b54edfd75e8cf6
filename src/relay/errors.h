#pragma once
#include "base/error.h"

namespace florin::relay::errors {
/// This source used the id before for an event with another content. Nothing was stored; a new
/// event needs a new id.
inline constexpr ErrorCode inbound_event_mismatch{ErrorKind::rejected, "inbound_event_mismatch"};
}  // namespace florin::relay::errors
