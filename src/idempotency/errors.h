#pragma once
#include "base/error.h"

namespace florin::idempotency::errors {
/// The Idempotency-Key was already used with a different request. Use a new key for a new request.
inline constexpr ErrorCode idempotency_mismatch{ErrorKind::rejected, "idempotency_mismatch"};
/// A request with this Idempotency-Key is still in progress. Retry after Retry-After.
inline constexpr ErrorCode request_in_progress{ErrorKind::conflict, "request_in_progress"};
}  // namespace florin::idempotency::errors
