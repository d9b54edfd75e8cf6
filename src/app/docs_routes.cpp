#include "app/docs_routes.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "app/modules.h"
#include "platform/http/errors.h"
#include "platform/json/value.h"

// Made by florin_embed_file in CMakeLists.txt.
extern "C" {
extern const char florin_openapi_json_begin[], florin_openapi_json_end[];
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

/// `object` with another value of one of its members.
json::Object with(const json::Value& object, std::string_view name, json::Object value) {
  json::Object made = *object.as_object();
  for (auto& [key, member] : made) {
    if (key == name) member = std::move(value);
  }
  return made;
}

/// What docs/api says, with the schemas that the modules make from their fields.
std::string made_document() {
  const json::Value written = *json::parse({florin_openapi_json_begin, florin_openapi_json_end});
  const json::Value& components = *written.find("components");
  json::Object schemas = *components.find("schemas")->as_object();
  for (const modules::Module& module : all_modules()) {
    if (!module.api_schemas) continue;
    json::Object made = module.api_schemas();
    std::move(made.begin(), made.end(), std::back_inserter(schemas));
  }
  return json::serialize(
      with(written, "components", with(components, "schemas", std::move(schemas))));
}

}  // namespace

const std::string& api_document() {
  static const std::string document = made_document();
  return document;
}

http::Routes docs_routes() {
  return {
      {"GET", "/openapi.json", "", http::SyncHandler([](const Request&) -> Result<Response> {
         return Response::ok(api_document());
       }),
       http::any_query},
      {"GET", "/docs", "", http::SyncHandler([](const Request&) -> Result<Response> {
         return page(florin_docs_html_begin, florin_docs_html_end, html);
       }),
       http::any_query},
      {"GET", "/docs/{asset}", "", http::SyncHandler(asset_response), http::any_query},
  };
}

}  // namespace florin::app
