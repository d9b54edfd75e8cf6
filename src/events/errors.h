#pragma once
#include "base/error.h"

namespace florin::events::errors {
/// No event of this id in the caller's tenant.
inline constexpr ErrorCode event_not_found{ErrorKind::not_found, "event_not_found"};
}  // namespace florin::events::errors
