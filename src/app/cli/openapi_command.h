#pragma once
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace florin::app {

/// The OpenAPI document as GET /openapi.json answers it, without a server or its database.
/// Errors: store errors (it takes a temporary folder).
Result<std::string> openapi_text(const Clock& clock);

}  // namespace florin::app
