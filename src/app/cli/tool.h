#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace florin::app {

/// Runs a program that is found by PATH to its end, with these variables beside our own; what it
/// says goes to our error output. Secrets belong into `environment`: arguments are shown by ps.
/// Errors: tool_failed, naming the program and how it ended.
Result<void> run_tool(const std::vector<std::string>& arguments,
                      const std::map<std::string, std::string>& environment);

namespace errors {
/// An external program (pg_dump, pg_restore) is missing or failed; its error output was shown.
inline constexpr ErrorCode tool_failed{ErrorKind::unavailable, "tool_failed"};
}  // namespace errors

}  // namespace florin::app
