#pragma once
#include <memory>
#include <string>

#include "app/docs/api_document.h"
#include "platform/http/route.h"

namespace florin::app {

/// The OpenAPI document of these routes: with the docs/api of this binary and the fields that its
/// modules describe.
ApiDocument api_document(const http::Routes& routes);

/// GET /openapi.json, /docs and the page's scripts; public, from inside the binary. `document` is
/// what /openapi.json answers; it is written before the first request.
http::Routes docs_routes(std::shared_ptr<const std::string> document);

}  // namespace florin::app
