#pragma once
#include <string>

#include "platform/http/route.h"

namespace florin::app {

/// The OpenAPI document of every route.
const std::string& api_document();

/// GET /openapi.json, /docs and the page's scripts; public, from inside the binary.
http::Routes docs_routes();

}  // namespace florin::app
