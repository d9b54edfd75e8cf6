#pragma once
#include "base/error.h"

namespace florin::http {

/// The HTTP status of an error: that of its kind, and for what HTTP itself refuses (errors.h) the
/// one that HTTP has for it. The only place that knows both.
int status_of(const ErrorCode& code);

}  // namespace florin::http
