// What a route declares of its requests: the names in the query, and whether there is a body.
#include <algorithm>

#include "base/try.h"
#include "platform/http/route.h"
#include "platform/json/object_reader.h"
#include "platform/json/value.h"

namespace florin::http {
namespace {

/// More than this is no misunderstanding of an empty body, and is not worth a parse.
constexpr std::size_t max_needless_body_bytes = 4'096;

bool fits(std::string_view name, std::string_view known) {
  if (!known.ends_with("[]")) return name == known;
  known.remove_suffix(1);
  return name.starts_with(known) && name.ends_with(']') && name.size() > known.size() + 1;
}

bool brings_body(std::string_view method) {
  return method == "POST" || method == "PATCH" || method == "PUT";
}

std::string unknown_detail(const Query& known) {
  std::string detail = "is no parameter of this route, which takes ";
  if (known.empty()) return detail + "none";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i > 0) detail += i + 1 == known.size() ? " and " : ", ";
    const std::string& name = known[i].name;
    detail += name.ends_with("[]") ? name.substr(0, name.size() - 1) + "KEY]" : name;
  }
  return detail;
}

}  // namespace

Route with_key(Route route, TakesKey takes_key) {
  route.takes_key = takes_key;
  return route;
}

Route behind(std::string scheme, Route route) {
  route.scheme = std::move(scheme);
  return route;
}

bool takes_body(const Route& route) {
  return route.body == Body::by_method && brings_body(route.method);
}

TakesKey takes_key(const Route& route) {
  if (route.takes_key != TakesKey::by_method) return route.takes_key;
  const bool is_repeatable = route.method == "POST" || route.method == "PATCH";
  return is_repeatable && !route.permission.empty() ? TakesKey::may : TakesKey::no;
}

Result<void> check_query(const Request& request, const Query& known) {
  if (known == any_query) return {};
  std::vector<FieldError> problems;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : request.query_params) {
    const auto takes = [&name = name](const QueryParam& one) { return fits(name, one.name); };
    if (std::none_of(known.begin(), known.end(), takes)) {
      problems.push_back({"#/query/" + name, "unknown_parameter", unknown_detail(known)});
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      problems.push_back({"#/query/" + name, "repeated_parameter", "must be given only once"});
    }
    seen.push_back(name);
  }
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return {};
}

Result<void> check_body(const Request& request, Body body) {
  if (body == Body::any || request.body.empty() || request.body == "{}") return {};
  if (body == Body::by_method && brings_body(request.method)) return {};
  std::vector<FieldError> problems;
  const bool is_long = request.body.size() > max_needless_body_bytes;
  const auto document = json::parse(is_long ? std::string_view() : request.body);
  if (document) json::ObjectReader(*document, "", problems).reject_unknown();
  if (!document) problems.push_back({"", "must_be_empty", "must be empty: this route takes none"});
  if (!problems.empty()) return json::validation_error(std::move(problems));
  return {};
}

}  // namespace florin::http
