#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/route.h"
#include "platform/json/value.h"

/// The OpenAPI document, made from the routes that the server serves, the fields that modules
/// describe, and docs/api for what only a person can say. Source: docs/adr/0035-api-document.md.
namespace florin::app {

struct ApiDocument {
  json::Object content;
  /// Where routes and docs/api do not agree, one sentence each: a route without prose, a parameter
  /// that is described and not declared, a schema that is not there. A test keeps this empty.
  std::vector<std::string> problems = {};
};

/// `prose` is docs/api as one object (docs/api/README.md says what stands there); `schemas` are
/// those that modules make from descriptions of fields; `version` is the program's.
ApiDocument make_api_document(const http::Routes& routes, const json::Value& prose,
                              json::Object schemas, std::string_view version);

}  // namespace florin::app
