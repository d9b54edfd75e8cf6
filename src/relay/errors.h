#pragma once
#include "base/error.h"

namespace florin::relay::errors {
/// The source already used this id for an event with different content. Nothing was stored; a new
/// event needs a new id.
inline constexpr ErrorCode inbound_event_mismatch{ErrorKind::rejected, "inbound_event_mismatch"};
}  // namespace florin::relay::errors
