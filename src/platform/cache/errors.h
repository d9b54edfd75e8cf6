#pragma once
#include "base/error.h"

namespace florin::cache::errors {
/// Redis is unavailable or timed out. Requests continue, with rate limits per node.
inline constexpr ErrorCode redis_unavailable{ErrorKind::unavailable, "redis_unavailable"};
/// Redis rejected the password, the database number or a command. The detail names the setting.
inline constexpr ErrorCode redis_refused{ErrorKind::unavailable, "redis_refused"};
}  // namespace florin::cache::errors
