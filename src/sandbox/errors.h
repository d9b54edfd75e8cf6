#pragma once
#include "base/error.h"

namespace florin::sandbox::errors {

/// The sandbox is shutting down and starts no new game.
inline constexpr ErrorCode sandbox_stopping{ErrorKind::unavailable, "sandbox_stopping"};

}  // namespace florin::sandbox::errors
