#pragma once
#include <string_view>
#include <vector>

#include "platform/http/message.h"

namespace florin::http {

/// Reads a request target ("/v1/accounts/a%20b?limit=2", or the absolute form that proxies send)
/// into the request's path, query and query_params. `segments` gets the decoded parts of the path
/// between its slashes, as views into `request.path`: an encoded slash belongs to its segment.
/// Errors: malformed_request for another form, bad percent-encoding, control characters and text
/// that is not UTF-8.
Result<void> parse_target(std::string_view target, Request& request,
                          std::vector<std::string_view>& segments);

}  // namespace florin::http
