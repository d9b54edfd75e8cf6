#include "app/docs_routes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "app/modules.h"
#include "app/version.h"
#include "platform/http/errors.h"
#include "platform/json/value.h"

// Made by florin_embed_file in CMakeLists.txt.
extern "C" {
extern const char florin_api_prose_begin[], florin_api_prose_end[];
extern const char florin_docs_html_begin[], florin_docs_html_end[];
extern const char florin_docs_start_begin[], florin_docs_start_end[];
extern const char florin_docs_redoc_begin[], florin_docs_redoc_end[];
extern const char florin_docs_account_begin[], florin_docs_account_end[];
}

namespace florin::app {
namespace {

using http::Request;
using http::Response;

struct Asset {
  std::string_view name;
  const char* begin;
  const char* end;
};

constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view script = "text/javascript; charset=utf-8";

/// The page may use what this server gives it and nothing else.
Response page(const char* begin, const char* end, std::string_view content_type) {
  Response response{200, std::string(begin, end), std::string(content_type)};
  response.headers = {{"Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; connect-src 'self'; style-src "
                       "'unsafe-inline'; img-src 'self' data:; "
                       "worker-src blob:; child-src blob:; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'"},
                      {"Cache-Control", "public, max-age=300"}};
  return response;
}

Result<Response> asset_response(const Request& request) {
  const std::array<Asset, 3> assets{
      {{"redoc.js", florin_docs_redoc_begin, florin_docs_redoc_end},
       {"start.js", florin_docs_start_begin, florin_docs_start_end},
       {"account.js", florin_docs_account_begin, florin_docs_account_end}}};
  for (const Asset& asset : assets) {
    if (request.path_param("asset") == asset.name) return page(asset.begin, asset.end, script);
  }
  return Error{http::errors::route_not_found, "there is no such file"};
}

}  // namespace

ApiDocument api_document(const http::Routes& routes) {
  const json::Value prose = *json::parse({florin_api_prose_begin, florin_api_prose_end});
  json::Object schemas;
  for (const modules::Module& module : all_modules()) {
    if (!module.api_schemas) continue;
    json::Object made = module.api_schemas();
    std::move(made.begin(), made.end(), std::back_inserter(schemas));
  }
  return make_api_document(routes, prose, std::move(schemas), version);
}

http::Routes docs_routes(std::shared_ptr<const std::string> document) {
  return {
      {"GET", "/openapi.json", "",
       http::SyncHandler(
           [document](const Request&) -> Result<Response> { return Response::ok(*document); }),
       http::any_query},
      {"GET", "/docs", "", http::SyncHandler([](const Request&) -> Result<Response> {
         return page(florin_docs_html_begin, florin_docs_html_end, html);
       }),
       http::any_query},
      {"GET", "/docs/{asset}", "", http::SyncHandler(asset_response), http::any_query},
  };
}

}  // namespace florin::app
