#include "app/route_answers_fixture.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <variant>

namespace florin::app {
namespace {

/// Keeps the answer of a hot route.
struct Kept final : http::Responder::Sink {
  void answer(std::function<Result<http::Response>()> render) override { given = render(); }
  std::optional<Result<http::Response>> given;
};

Result<http::Response> call(const http::Route& route, const http::Request& request) {
  if (const auto* sync = std::get_if<http::SyncHandler>(&route.handler)) return (*sync)(request);
  const auto kept = std::make_shared<Kept>();
  std::get<http::HotHandler>(route.handler)(request, http::Responder(kept));
  EXPECT_TRUE(kept->given) << route.pattern << " answers at once";
  return std::move(*kept->given);
}

}  // namespace

http::Response answer_of(const http::Routes& routes, std::string_view pattern,
                         std::vector<std::pair<std::string, std::string>> path_params) {
  http::Request request;
  request.method = "GET";
  request.path_params = std::move(path_params);
  for (const http::Route& route : routes) {
    if (route.method != "GET" || route.pattern != pattern) continue;
    auto answer = call(route, request);
    const std::string_view request_id = "req_test";
    return answer ? std::move(*answer) : http::problem(answer.error(), request_id);
  }
  ADD_FAILURE() << "there is no route GET " << pattern;
  return {};
}

std::string header_of(const http::Response& response, std::string_view name) {
  for (const http::Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

}  // namespace florin::app
