#pragma once
#include "base/error.h"

namespace florin::events::errors {
/// The caller's tenant has no event with this id.
inline constexpr ErrorCode event_not_found{ErrorKind::not_found, "event_not_found"};
}  // namespace florin::events::errors
