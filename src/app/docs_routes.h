#pragma once
#include "platform/http/route.h"

namespace florin::app {

/// GET /openapi.json, /docs and the page's scripts; public, from inside the binary.
http::Routes docs_routes();

}  // namespace florin::app
