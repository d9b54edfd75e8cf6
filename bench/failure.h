#pragma once
#include <string>
#include <utility>

#include "base/result.h"
#include "base/try.h"

namespace florin::bench {

/// The run cannot go on: the server is gone, a file is missing, an answer makes no sense.
inline constexpr ErrorCode run_failed{ErrorKind::unavailable, "run_failed"};

inline Error failure(std::string detail) { return Error{run_failed, std::move(detail)}; }

}  // namespace florin::bench
