#include "platform/http/message.h"

#include <algorithm>

#include "platform/http/status.h"
#include "platform/http/text.h"
#include "platform/json/writer.h"

namespace florin::http {
namespace {

constexpr std::string_view type_prefix = "https://florin.dev/errors/";

/// "insufficient_funds" reads "Insufficient funds".
std::string title_of(std::string_view code) {
  std::string title(code);
  for (char& c : title) {
    if (c == '_') c = ' ';
  }
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') {
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  }
  return title;
}

void write_fields(json::Writer& out, const std::vector<FieldError>& fields) {
  out.key("errors").begin_array();
  for (const FieldError& field : fields) {
    out.begin_object()
        .member("pointer", field.pointer)
        .member("rule", field.rule)
        .member("detail", field.detail)
        .end_object();
  }
  out.end_array();
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const Header& each : headers) {
    if (same_ignoring_case(each.name, name)) return each.value;
  }
  return std::nullopt;
}

std::string_view Request::path_param(std::string_view name) const {
  for (const auto& [key, value] : path_params) {
    if (key == name) return value;
  }
  return {};
}

std::optional<std::string_view> Request::query_param(std::string_view name) const {
  for (const auto& [key, value] : query_params) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Response problem(const Error& error, std::string_view request_id) {
  Response response;
  response.status = status_of(error.code);
  response.content_type = "application/problem+json";
  json::Writer out(response.body);
  out.begin_object()
      .member("type", std::string(type_prefix).append(error.code.name))
      .member("title", title_of(error.code.name))
      .member("status", response.status)
      .member("detail", error.detail)
      .member("code", error.code.name)
      .member("request_id", request_id);
  if (!error.fields.empty()) write_fields(out, error.fields);
  out.end_object();
  // What is unavailable may be back at any moment; without Retry-After clients would hammer, or
  // give up.
  const int soon_s = error.code.kind == ErrorKind::unavailable ? 1 : 0;
  if (const int wait_s = std::max(error.retry_after_s, soon_s); wait_s > 0)
    response.headers.push_back({"Retry-After", std::to_string(wait_s)});
  return response;
}

}  // namespace florin::http
