#pragma once
#include "base/error.h"

namespace florin::cache::errors {
/// Redis cannot be reached or does not answer in time. Requests go on, with limits per node.
inline constexpr ErrorCode redis_unavailable{ErrorKind::unavailable, "redis_unavailable"};
/// Redis answers, but refuses: the password, the database number or a command. The detail names the
/// setting.
inline constexpr ErrorCode redis_refused{ErrorKind::unavailable, "redis_refused"};
}  // namespace florin::cache::errors
