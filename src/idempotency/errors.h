#pragma once
#include "base/error.h"

namespace florin::idempotency::errors {
/// The Idempotency-Key was used before with another request. Use a new key for a new request.
inline constexpr ErrorCode idempotency_mismatch{ErrorKind::rejected, "idempotency_mismatch"};
/// A request with this Idempotency-Key is still running. Ask again after Retry-After.
inline constexpr ErrorCode request_in_progress{ErrorKind::conflict, "request_in_progress"};
}  // namespace florin::idempotency::errors
