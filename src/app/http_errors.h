#pragma once
#include "base/error.h"

namespace florin::app {

/// The one table from error codes to HTTP statuses.
int status_of(const ErrorCode& code);

}  // namespace florin::app
