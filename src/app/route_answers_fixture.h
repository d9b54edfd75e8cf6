#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/http/route.h"

namespace florin::app {

/// What the route with this pattern answers to a GET, called without a server around it; an error
/// as the server would send it.
http::Response answer_of(const http::Routes& routes, std::string_view pattern,
                         std::vector<std::pair<std::string, std::string>> path_params = {});

/// A header of an answer; empty when it has none of that name.
std::string header_of(const http::Response& response, std::string_view name);

}  // namespace florin::app
