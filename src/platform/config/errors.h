#pragma once
#include "base/error.h"

namespace florin::config::errors {

/// A setting is unknown or has an invalid value; the detail names the setting and the rule.
inline constexpr ErrorCode invalid_configuration{ErrorKind::invalid, "invalid_configuration"};

}  // namespace florin::config::errors
